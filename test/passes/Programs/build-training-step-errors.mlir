// RUN: hadal-opt %s --hadal-build-training-step --verify-diagnostics

// expected-error @below {{holds no functions @forward and @accumulate: run hadal-differentiate first}}
module {
}
