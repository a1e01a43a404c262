// What stands in /sys:
//
//   devices/system/cpu/cpu3/topology/thread_siblings_list   3,19       the CPUs of its core
//   devices/system/node/online                              0-1
//   devices/system/node/node1/cpulist                       8-15,24-31
//   devices/system/cpu/present, devices/system/cpu/online
#include "runtime/core/Topology.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>

namespace hadal {

namespace fs = std::filesystem;

/// The highest number that a list may hold: what is larger is no CPU.
static constexpr unsigned highestCpu = (1u << 20) - 1;

std::optional<std::vector<unsigned>> parseCpuList(std::string_view text) {
  std::vector<unsigned> numbers;
  const char *at = text.data(), *end = at + text.size();
  auto parse = [&](unsigned &number) {
    auto [rest, error] = std::from_chars(at, end, number);
    at = rest;
    return error == std::errc() && number <= highestCpu;
  };
  while (true) {
    unsigned first, last;
    if (!parse(first))
      return std::nullopt;
    last = first;
    if (at != end && *at == '-' && (++at, !parse(last) || last < first))
      return std::nullopt;
    for (unsigned number = first; number <= last; ++number)
      numbers.push_back(number);
    if (at == end)
      return numbers;
    if (*at++ != ',')
      return std::nullopt;
  }
}

std::string describeCpus(const std::vector<unsigned> &numbers) {
  std::string text;
  for (size_t first = 0, last; first < numbers.size(); first = last + 1) {
    for (last = first; last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1;)
      ++last;
    text += concat(text.empty() ? "" : ",", numbers[first]);
    if (last > first)
      text += concat("-", numbers[last]);
  }
  return text;
}

/// The list that a file consists of; nothing when there is none.
static std::optional<std::vector<unsigned>> readList(const fs::path &path) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) ? parseCpuList(line) : std::nullopt;
}

Topology readTopology(const fs::path &root, const std::vector<unsigned> &allowed) {
  fs::path system = root / "sys/devices/system";
  std::map<unsigned, unsigned> nodeOf;
  for (unsigned node : readList(system / "node/online").value_or(std::vector<unsigned>()))
    for (unsigned cpu : readList(system / concat("node/node", node) / "cpulist").value_or(std::vector<unsigned>()))
      nodeOf[cpu] = node;
  Topology topology;
  std::map<unsigned, unsigned> dense; // nodes with a CPU of ours, counted
  for (unsigned number : allowed) {
    auto node = nodeOf.find(number);
    dense.try_emplace(node == nodeOf.end() ? 0 : node->second, 0);
  }
  unsigned count = 0;
  for (auto &[node, place] : dense)
    place = count++;
  topology.nodes = std::max(1u, count);
  for (unsigned number : allowed) {
    fs::path folder = system / concat("cpu/cpu", number) / "topology";
    std::vector<unsigned> siblings = readList(folder / "thread_siblings_list").value_or(std::vector{number});
    auto node = nodeOf.find(number);
    topology.cpus.push_back({number, std::min(number, *std::ranges::min_element(siblings)),
                             dense[node == nodeOf.end() ? 0 : node->second]});
  }
  return topology;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

static std::vector<unsigned> numbersOf(const Topology &topology) {
  std::vector<unsigned> numbers;
  for (const Cpu &cpu : topology.cpus)
    numbers.push_back(cpu.number);
  return numbers;
}

/// Why this process may not use a CPU.
static std::string refuse(unsigned number, const Topology &topology, const fs::path &root) {
  fs::path folder = root / "sys/devices/system/cpu";
  for (auto [list, what] : {std::pair("present", "there is no CPU "), {"online", "offline: CPU "}})
    if (auto numbers = readList(folder / list); numbers && !std::ranges::count(*numbers, number))
      return concat(what, number,
                    list == std::string_view("present") ? concat("; there are ", describeCpus(*numbers)) : "");
  return concat("this process may not use CPU ", number, "; it may use ", describeCpus(numbersOf(topology)));
}

static std::vector<Cpu> chooseNamed(std::string_view where, unsigned threads, const Topology &topology,
                                    const fs::path &root) {
  std::vector<unsigned> numbers = parseCpuList(where).value_or(std::vector<unsigned>());
  std::vector<Cpu> chosen;
  for (unsigned number : numbers) {
    auto found = std::ranges::find(topology.cpus, number, &Cpu::number);
    if (found == topology.cpus.end())
      fail(HADAL_EXIT_COMMAND_LINE, "--pin: ", refuse(number, topology, root));
    if (std::ranges::count(chosen, number, &Cpu::number))
      fail(HADAL_EXIT_COMMAND_LINE, "--pin: CPU ", number, " is named twice");
    chosen.push_back(*found);
  }
  if (chosen.size() < threads)
    fail(HADAL_EXIT_COMMAND_LINE, "--pin: ", threads, " threads need a CPU each, and ", where, " names ", chosen.size(),
         "; give as many, or a smaller --threads");
  chosen.resize(threads);
  return chosen;
}

/// How many CPUs of the same core come before it.
static size_t rankOf(const Cpu &cpu, const Topology &topology) {
  return static_cast<size_t>(std::ranges::count_if(
      topology.cpus, [&](const Cpu &other) { return other.core == cpu.core && other.number < cpu.number; }));
}

/// First cores, then what is left of them; the nodes in turn.
static std::vector<Cpu> chooseCores(unsigned threads, const Topology &topology) {
  if (topology.cpus.size() < threads)
    fail(HADAL_EXIT_COMMAND_LINE, "--pin: ", threads, " threads need a CPU each, and this process may use ",
         topology.cpus.size(), " (", describeCpus(numbersOf(topology)), "); give a smaller --threads");
  struct Place {
    size_t rank, turn;
    Cpu cpu;
  };
  std::map<std::pair<size_t, unsigned>, size_t> turns; // of each rank and node
  std::vector<Place> places;
  for (const Cpu &cpu : topology.cpus) {
    size_t rank = rankOf(cpu, topology);
    places.push_back({rank, turns[{rank, cpu.node}]++, cpu});
  }
  std::ranges::sort(places, {}, [](const Place &place) { return std::tuple(place.rank, place.turn, place.cpu.node); });
  places.resize(threads);
  std::ranges::sort(places, {},
                    [](const Place &place) { return std::tuple(place.cpu.node, place.rank, place.cpu.number); });
  std::vector<Cpu> chosen;
  for (const Place &place : places)
    chosen.push_back(place.cpu);
  return chosen;
}

std::vector<Cpu> choosePins(std::string_view where, unsigned threads, const Topology &topology, const fs::path &root) {
  return where == pinToCores ? chooseCores(threads, topology) : chooseNamed(where, threads, topology, root);
}

} // namespace hadal
