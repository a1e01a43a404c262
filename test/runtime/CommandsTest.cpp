// Commands that are no launches: copies and fills on the devices that need no driver, and what no device does yet.
#include "runtime/core/Session.h"
#include "runtime/io/ChromeTrace.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace hadal::test {
namespace {

/// Fills a buffer of the arena with 1.5 and copies a part of it into a tensor, whose rest it fills otherwise.
struct MovingProgram {
  static constexpr uint64_t count = 3 << 20; // of several tasks
  ProgramBuilder builder;
  hadal_argument state = builder.tensor(HADAL_STATE, "state", {static_cast<int64_t>(count)});
  EntryBuilder &entry = builder.entry("move");
  hadal_argument buffer = entry.buffer(4 * count);

  explicit MovingProgram(bool emulated = false, bool checked = false) {
    if (emulated)
      builder.program.target = "sm_90a";
    builder.program.emulated = emulated;
    builder.program.check_memory = checked;
    entry.fill("ones", buffer, 0, 4 * count, 0x3fc00000)
        .copy("most", buffer, 8, state, 4, 4 * (count - 2))
        .fill("bytes", state, 0, 4, 0x11, 1)
        .fill("halves", state, 4 * (count - 1), 4, 0x4000, 2);
  }
  std::string failure() {
    return failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); });
  }
};

TEST(CommandsTest, CopiesAndFillsMoveTheirBytesAndNoOthers) {
  for (bool emulated : {false, true})
    for (bool checked : {false, true})
      for (unsigned threads : {1u, 2u, 3u}) {
        SCOPED_TRACE(concat("emulated ", emulated, ", checked ", checked, ", threads ", threads));
        MovingProgram program(emulated, checked);
        Session session(program.builder.build(), {.threads = threads});
        for (int run = 0; run < 2; ++run)
          session.run("move");
        std::vector<float> values = session.read<float>(program.state.index);
        std::vector<float> expected(MovingProgram::count, 1.5f);
        uint32_t bytes = 0x11111111, halves = 0x40004000;
        std::memcpy(&expected.front(), &bytes, 4);
        std::memcpy(&expected.back(), &halves, 4);
        EXPECT_TRUE(values == expected);
      }
}

TEST(CommandsTest, CopiesAndFillsStandInTraces) {
  MovingProgram program;
  Session session(program.builder.build(), {.threads = 2});
  CommandRecorder recorder(2, 8);
  session.run(0, &recorder);
  TemporaryFolder folder;
  writeChromeTrace(folder / "trace.json", recorder, "a test", std::nullopt);
  std::map<std::string, nlohmann::json> slices;
  nlohmann::json trace = nlohmann::json::parse(readFile(folder / "trace.json"));
  for (const nlohmann::json &event : trace.at("traceEvents"))
    if (event.at("ph") == "X")
      slices[event.at("name")] = event.at("args");
  EXPECT_EQ(slices.size(), 4u);
  EXPECT_EQ(slices["most"]["bytes copied"], 4 * (MovingProgram::count - 2));
  EXPECT_EQ(slices["most"]["command"], 1);
  EXPECT_EQ(slices["halves"]["bytes filled"], 4);
}

TEST(CommandsTest, RefusesMalformedCommands) {
  auto failure = [](auto change) {
    MovingProgram program;
    change(program.entry);
    return program.failure();
  };
  using Entry = EntryBuilder;
  EXPECT_CONTAINS(failure([](Entry &e) { e.commands[1].kind = 9; }), "command 1 of 'move' is of the unknown kind 9");
  EXPECT_CONTAINS(failure([](Entry &e) { e.commands[1].index = 1; }), "command 1 of 'move' is the copy 1 of 1");
  EXPECT_CONTAINS(failure([](Entry &e) { e.copies[0].name = nullptr; }), "command 1 of 'move' has no name");
  EXPECT_CONTAINS(failure([](Entry &e) { e.copies[0].source = 77; }), "has the argument 77 of 5");
  EXPECT_CONTAINS(failure([](Entry &e) { e.arguments[1].kind = 3; }), "has an argument of the unknown kind 3");
  EXPECT_CONTAINS(failure([](Entry &e) { e.copies[0].source_offset = 12; }),
                  "reads 12582904 bytes at byte 12 of an argument of 12582912 bytes");
  EXPECT_CONTAINS(failure([](Entry &e) { e.copies[0].target_offset = UINT64_MAX; }),
                  "writes 12582904 bytes at byte 1844");
  EXPECT_CONTAINS(failure([](Entry &e) { e.copies[0].bytes = 0; }), "reads 0 bytes");
  EXPECT_CONTAINS(failure([](Entry &e) { e.copies[0].target = e.copies[0].source; }), "copies bytes onto themselves");
  EXPECT_CONTAINS(failure([](Entry &e) { e.fills[0].element_bytes = 3; }), "fills with elements of 3 bytes; 1, 2 or 4");
  EXPECT_CONTAINS(failure([](Entry &e) { e.fills[1].element = 256; }), "fills with 256, which is no element of 1 byte");
  EXPECT_CONTAINS(failure([](Entry &e) { e.fills[2].element_bytes = 4, e.fills[2].bytes = 2; }),
                  "fills 2 bytes at byte 12582908, which are no elements of 4 bytes");
  EXPECT_CONTAINS(failure([](Entry &e) { e.fills[0].bytes += 4; }), "fills 12582916 bytes at byte 0 of an argument");
  EXPECT_CONTAINS(failure([](Entry &e) { e.buffers[0].last_command = 0; }),
                  "command 1 of 'move' touches arena buffer 0 outside its lifetime [0, 0]");
}

TEST(CommandsTest, WritesNothingThatTheRuntimeWrites) {
  for (hadal_role role : {HADAL_INPUT, HADAL_SCALAR}) {
    ProgramBuilder builder;
    hadal_argument input = builder.tensor(role, "input", {});
    builder.entry("e").fill("input", input, 0, 4, 0);
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); }),
                    "command 0 of 'e' writes what the runtime writes before the run");
  }
  ProgramBuilder builder;
  builder.entry("e").fill("number", builder.number("tokens", 4), 0, 8, 0);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); }),
                  "command 0 of 'e' writes what the runtime writes before the run");
}

TEST(CommandsTest, NamesWhatNoDeviceDoesYet) {
  auto failure = [](auto add) {
    MovingProgram program;
    add(program);
    Program wellFormed(program.builder.build());
    return failureOf(HADAL_EXIT_INPUT, [&] { Session session(program.builder.build()); });
  };
  EXPECT_EQ(
      failure([](MovingProgram &p) { p.entry.collective(HADAL_ALL_GATHER, "weights", p.buffer, p.state); }),
      "the entry point 'move' asks in command 4 ('weights') for an all-gather over 'dp', which this runtime cannot "
      "do yet");
  EXPECT_EQ(
      failure([](MovingProgram &p) { p.entry.waitForHost("next batch"); }),
      "the entry point 'move' asks in command 4 ('next batch') to wait for the host, which this runtime cannot do "
      "yet");
  EXPECT_EQ(failure([](MovingProgram &p) { p.builder.tensors[0].lifetime = HADAL_EXTERNAL; }),
            "the tensor 'state' lies in memory of whoever calls the runtime, which this runtime cannot take yet");
}

TEST(CommandsTest, RefusesMalformedCollectives) {
  auto failure = [](auto change) {
    MovingProgram program;
    program.entry.collective(HADAL_ALL_GATHER, "weights", program.buffer, program.state);
    change(program.entry.collectives[0]);
    return program.failure();
  };
  EXPECT_CONTAINS(failure([](hadal_collective &c) { c.axis = nullptr; }), "names no axis of the grid");
  EXPECT_CONTAINS(failure([](hadal_collective &c) { c.kind = 6; }), "is a collective of the unknown kind 6");
  EXPECT_CONTAINS(failure([](hadal_collective &c) { c.kind = HADAL_EXCHANGE; }), "exchanges rows without their counts");
  EXPECT_CONTAINS(failure([](hadal_collective &c) { c.counts = 0; }), "has counts of rows, which only an exchange has");
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

void sumInto(void *const *arguments, int64_t iteration, int64_t, int64_t, void *) {
  const int32_t *tokens = static_cast<const int32_t *>(arguments[0]);
  for (int64_t i = 0; i < iteration; ++i)
    *static_cast<int32_t *>(arguments[1]) += tokens[i];
}

TEST(EntryPointsTest, HaveShapesOfTheirOwn) {
  ProgramBuilder builder;
  hadal_argument many = builder.tensor(HADAL_INPUT, "tokens", {4, 16}, HADAL_I32);
  hadal_argument few = builder.tensor(HADAL_INPUT, "tokens", {8, 2}, HADAL_I32);
  hadal_argument sum = builder.tensor(HADAL_STATE, "sum", {1}, HADAL_I32);
  builder.entry("prefill").launch(sumInto, "sum", 1, 1, {many, sum}, 64);
  builder.entry("decode").launch(sumInto, "sum", 1, 1, {few, sum}, 16);
  Session session(builder.build(), {.threads = 1});
  EXPECT_EQ(session.requireInput(0, "tokens"), many.index);
  EXPECT_EQ(session.requireInput(1, "tokens"), few.index);
  session.write<int32_t>(many.index, std::vector<int32_t>(64, 1));
  session.write<int32_t>(few.index, std::vector<int32_t>(16, 100));
  session.run("prefill");
  session.run("decode");
  EXPECT_EQ(session.read<int32_t>(sum.index), std::vector<int32_t>{1664});
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.requireInput(1, "pages"); }),
                  "the entry point 'decode' has no input 'pages'");
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { session.requireResult(0, "logits"); }),
                  "the entry point 'prefill' has no result 'logits'");
}

TEST(EntryPointsTest, NameWhatTheyExchange) {
  auto failure = [](auto change) {
    ProgramBuilder builder;
    hadal_argument tokens = builder.tensor(HADAL_INPUT, "tokens", {4}, HADAL_I32);
    builder.tensor(HADAL_INPUT, "tokens", {8}, HADAL_I32);
    hadal_argument sum = builder.tensor(HADAL_RESULT, "sum", {1}, HADAL_I32);
    EntryBuilder &entry = builder.entry("e");
    entry.launch(sumInto, "sum", 1, 1, {tokens, sum}, 4);
    entry.inputs = {tokens.index};
    entry.results = {sum.index};
    change(entry);
    return failureOf(HADAL_EXIT_INPUT, [&] { Program program(builder.build()); });
  };
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.inputs = {}; }),
                  "command 0 of 'e' touches 'tokens', which is not among the inputs of 'e'");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.results = {}; }), "which is not among the results of 'e'");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.inputs = {0, 1}; }), "'e' has two inputs named 'tokens'");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.inputs = {0, 9}; }), "'e' has the input 9 among 3 tensors");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.inputs = {0, 2}; }), "'sum' is named as an input of 'e' but is none");
  EXPECT_CONTAINS(failure([](EntryBuilder &e) { e.results = {2, 0}; }),
                  "'tokens' is named as a result of 'e' but is none");
}

TEST(EntryPointsTest, AResultThatIsNotWrittenIsPoisonedUnderChecks) {
  ProgramBuilder builder;
  builder.program.check_memory = 1;
  hadal_argument result = builder.tensor(HADAL_RESULT, "result", {2}), state = builder.tensor(HADAL_STATE, "s", {2});
  builder.entry("first").fill("result", result, 0, 8, 0);
  EntryBuilder &second = builder.entry("second");
  second.fill("state", state, 0, 8, 0);
  second.results = {result.index};
  Session session(builder.build(), {.threads = 1});
  session.run("first");
  EXPECT_EQ(session.read<float>(result.index)[1], 0);
  session.run("second");
  EXPECT_TRUE(std::isnan(session.read<float>(result.index)[1]));
}

} // namespace
} // namespace hadal::test
