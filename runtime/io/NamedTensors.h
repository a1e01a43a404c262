// Persistent tensors as files know them. A stacked parameter is one tensor in the program and one tensor per expert in
// a file, under the name with the expert's number in place of `{e}`; gradients and moments go by their parameter's
// name.
#ifndef HADAL_RUNTIME_IO_NAMEDTENSORS_H
#define HADAL_RUNTIME_IO_NAMEDTENSORS_H

#include "runtime/core/Session.h"
#include "runtime/io/File.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// A tensor of a file, or one slice of a stacked one.
struct NamedTensor {
  std::string name;
  uint32_t tensor;
  uint64_t offset; // in bytes, within the program's tensor
  uint64_t size;   // in bytes
  std::vector<int64_t> shape;
};

/// All tensors of the role, stacked ones split, in the descriptor's order.
std::vector<NamedTensor> namedTensors(const Program &program, hadal_role role);

/// The name of slice `expert` of a stacked parameter.
std::string expertName(std::string_view pattern, int64_t expert);

/// The dtype of safetensors for an `enum hadal_element_type`.
std::string_view safetensorsType(uint32_t elementType);

/// Which tensors a file holds: those of a role, each name followed by `suffix`.
struct NamedGroup {
  hadal_role role;
  std::string suffix;
};

/// A scalar to be saved beside the tensors.
struct NamedScalar {
  std::string name;
  float value;
};

/// Fails early when the names of the parameters do not suit a safetensors file.
void requireWritableNames(const Session &session);

/// Streams a safetensors file; `contents` is what SafetensorsWriter is told.
void writeTensors(OutputFile &output, const Session &session, std::string contents,
                  const std::vector<NamedGroup> &groups, const std::vector<NamedScalar> &scalars = {});

/// Reads tensors that must be there exactly as `writeTensors` wrote them. Fails as well when a value cannot be one of
/// training, infinite or NaN above all; tensors before it have changed then.
void readTensors(const std::filesystem::path &path, Session &session, const std::vector<NamedGroup> &groups);

/// Fails when one of the values, which are the elements from `first` on of a tensor in a file, is infinite or NaN. A
/// single one spreads into every loss that touches it, much later and with no hint at the file.
void requireFiniteValues(const std::filesystem::path &path, std::string_view name, uint64_t first,
                         std::span<const float> values);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_NAMEDTENSORS_H
