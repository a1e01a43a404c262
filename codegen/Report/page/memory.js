// What lies in memory over the launches of a step, and time by layer.

const memoryKinds = [
  ["parameters", (roles) => (roles.parameter ?? 0) + (roles.packed ?? 0), "var(--contraction)"],
  ["gradients", (roles) => roles.gradient ?? 0, "var(--attention)"],
  ["optimizer", (roles) => (roles.first_moment ?? 0) + (roles.second_moment ?? 0), "var(--head)"],
  ["inputs and states", (roles) => (roles.input ?? 0) + (roles.state ?? 0) + (roles.scalar ?? 0), "var(--other)"],
];
const arenaKinds = [["kept", "var(--rowwise)"], ["passing", "var(--packing)"], ["workspace", "var(--reduction)"]];

/// The samples of all entry points of a step, one after the other, with where each begins.
function stepSamples() {
  const samples = [], entries = [];
  let offset = 0;
  for (const entry of data.entries.filter((each) => each.runs > 0)) {
    entries.push({entry, offset});
    for (const [launch, ...bytes] of entry.memory.samples) samples.push({at: offset + launch, bytes});
    offset += Math.max(entry.launches, 1);
  }
  return {samples, entries, launches: offset};
}

function drawMemory(section) {
  const persistent = memoryKinds.map(([name, bytesOf, color]) => ({name, bytes: bytesOf(data.persistent), color}))
    .filter((kind) => kind.bytes > 0);
  const {samples, entries, launches} = stepSamples();
  if (!samples.length) return;
  const arena = d3.max(data.entries, (entry) => entry.memory.arena), base = d3.sum(persistent, (kind) => kind.bytes);
  const peak = d3.max(samples, (sample) => d3.sum(sample.bytes));
  section.append(make("p", {}, `${formatBytes(base)} stay from step to step; the arena, which all launches share, has ${formatBytes(arena)}, of which `
      + `${formatBytes(peak)} are live at the fullest moment of a step. “Kept” is what is read again when more than a tenth of the entry point's `
      + "launches have passed: what the backward pass needs of the forward pass."),
    make("ul", {class: "legend"}, [...persistent.map((kind) => [kind.name, kind.color, kind.bytes]),
        ...arenaKinds.map(([name, color], index) => [name, color, d3.max(samples, (sample) => sample.bytes[index])])]
      .map(([name, color, bytes]) => make("li", {}, make("span", {class: "dot", style: `background: ${color}`}), `${name} ${formatBytes(bytes)}`))),
    memoryChart(persistent, samples, entries, launches, arena), ...peakTable());
}

function memoryChart(persistent, samples, entries, launches, arena) {
  const width = 900, height = 340, margin = {left: 70, right: 10, top: 20, bottom: 58};
  const rows = samples.map((sample) => [...persistent.map((kind) => kind.bytes), ...sample.bytes]);
  const colors = [...persistent.map((kind) => kind.color), ...arenaKinds.map(([, color]) => color)];
  const base = d3.sum(persistent, (kind) => kind.bytes);
  const x = d3.scaleLinear([0, Math.max(1, launches - 1)], [margin.left, width - margin.right]);
  const y = d3.scaleLinear([0, base + arena], [height - margin.bottom, margin.top]).nice();
  const svg = d3.create("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("role", "img")
    .attr("aria-label", "Bytes of memory by kind over the launches of a step");
  const stacked = d3.stack().keys(d3.range(colors.length)).value((row, key) => row[key])(rows);
  svg.append("g").selectAll("path").data(stacked).join("path").attr("fill", (_, index) => colors[index])
    .attr("d", d3.area().x((_, index) => x(samples[index].at)).y0((part) => y(part[0])).y1((part) => y(part[1])).curve(d3.curveStepAfter));
  svg.append("path").attr("class", "roof second").attr("d", d3.line()([[margin.left, y(base + arena)], [width - margin.right, y(base + arena)]]));
  svg.append("text").attr("x", width - margin.right).attr("y", y(base + arena) - 5).attr("text-anchor", "end").text("end of the arena");
  const step = Math.pow(2, Math.ceil(Math.log2((base + arena) / 5)));
  svg.append("g").attr("class", "axis").attr("transform", `translate(${margin.left},0)`)
    .call(d3.axisLeft(y).tickValues(d3.range(0, y.domain()[1] + 1, step)).tickFormat(formatBytes));
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - margin.bottom})`).call(d3.axisBottom(x).ticks(6, "~s"));
  svg.append("text").attr("x", width - margin.right).attr("y", height - 6).attr("text-anchor", "end").text("launches of a step →");
  for (const {entry, offset} of entries.filter((each) => each.entry.launches > launches / 20))
    svg.append("text").attr("x", x(offset) + 3).attr("y", height - 22).attr("font-weight", 600).text(`${entry.name} →`);
  return svg.node();
}

/// The largest buffers when most is live, of the entry point that needs most.
function peakTable() {
  const fullest = data.entries.filter((entry) => entry.runs > 0 && entry.memory.peak)
    .sort((a, b) => b.memory.live - a.memory.live)[0];
  if (!fullest) return [];
  const columns = [
    {title: "bytes", number: true, value: (row) => row.bytes, cell: (row) => formatBytes(row.bytes)},
    {title: "buffers", number: true, value: (row) => row.count, cell: (row) => formatCount(row.count)},
    {title: "kind", value: (row) => row.kind, cell: (row) => row.kind},
    {title: "type", wide: true, value: (row) => row.type, cell: (row) => make("code", {}, row.type)},
    {title: "made by", value: (row) => data.kernels[row.kernel].name, cell: (row) => kernelLink(data.kernels[row.kernel])},
  ];
  return [make("h3", {}, "What is live at the fullest moment"),
    ...sortableTable(`Buffers at launch ${formatCount(fullest.memory.peak.launch)} of ${fullest.name}, equal ones together`, columns,
                     fullest.memory.peak.buffers, {first: 8})];
}

/// A column for each layer: its time, and in it the bound.
function drawLayers(section) {
  const layers = data.layers.filter((layer) => layer.predicted > 0 || layer.measured > 0);
  if (!layers.length) return section.append(make("p", {}, "The program names no layers."));
  const time = (layer) => (isMeasured ? layer.measured : layer.predicted);
  const width = 900, height = 240, margin = {left: 70, right: 10, top: 12, bottom: 40};
  const short = (layer) => layer.name.split(".").pop(), prefix = layers[0].name.slice(0, -short(layers[0]).length);
  const x = d3.scaleBand(layers.map((layer) => layer.name), [margin.left, width - margin.right]).paddingInner(0.15);
  const y = d3.scaleLinear([0, d3.max(layers, (layer) => Math.max(time(layer), layer.bound))], [height - margin.bottom, margin.top]).nice();
  const svg = d3.create("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("role", "img")
    .attr("aria-label", "Seconds of a step by layer, and the bound of each");
  for (const [className, value, color] of [["time", time, "var(--lost)"], ["bound", (layer) => layer.bound, "var(--contraction)"]])
    svg.append("g").selectAll("rect").data(layers).join("rect").attr("x", (layer) => x(layer.name)).attr("width", x.bandwidth())
      .attr("y", (layer) => y(value(layer))).attr("height", (layer) => y(0) - y(value(layer))).attr("fill", color).attr("class", className)
      .append("title").text((layer) => `${layer.name}: ${formatSeconds(time(layer))}, bound ${formatSeconds(layer.bound)}`);
  const every = Math.ceil(layers.length / 16);
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - margin.bottom})`)
    .call(d3.axisBottom(x).tickValues(x.domain().filter((_, index) => index % every === 0)).tickFormat((name) => name.split(".").pop()));
  svg.append("g").attr("class", "axis").attr("transform", `translate(${margin.left},0)`).call(d3.axisLeft(y).ticks(5).tickFormat(formatSeconds));
  svg.append("text").attr("x", width - margin.right).attr("y", height - 6).attr("text-anchor", "end").text(`${prefix}N →`);
  const slowest = d3.greatest(layers, time), outside = total.time - d3.sum(layers, time);
  section.append(make("p", {}, `Forward and backward pass of each layer: its ${isMeasured ? "measured" : "predicted"} time, and in it its bound. `
      + `The slowest is ${slowest.name} with ${formatSeconds(time(slowest))}; ${formatSeconds(outside)} of the step (${formatShare(outside / total.time)}) `
      + "are outside of layers: embedding, head, optimizer."),
    make("ul", {class: "legend"}, [["bound", "var(--contraction)"], ["beyond it", "var(--lost)"]].map(([name, color]) =>
      make("li", {}, make("span", {class: "dot", style: `background: ${color}`}), name))), svg.node());
}
