// What stands at the top, the words at the end, and the way from links to what they show.

function drawHead() {
  const verb = data.program === "train" ? "trains" : data.program === "evaluate" ? "evaluates" : "runs";
  const title = `${data.model ?? "A program"}: where the time of a step goes`;
  document.title = `${title} – Hadal report`;
  document.getElementById("title").textContent = title;
  const where = data.target.name === "cpu" ? `${data.target.workers} threads of the CPU ${data.target.cpu}`
                                           : `the GPU target ${data.target.name}${data.target.board ? ` (${data.target.board})` : ""}`;
  const batch = data.batch ? `, on ${data.batch[0]} × ${data.batch[1]} tokens at a time` : "";
  document.getElementById("lead").textContent = `The program that hadalc made of the model ${data.model ?? ""} ${verb} it${batch}, in `
    + `${data.precision ?? "f32"}, on ${where}. This page says how long a step ${isMeasured ? "took" : "is expected to take"}, how long it would take `
    + "at best, and where the difference lies.";
}

function drawAnswer(section) {
  const boxes = [
    isMeasured ? [formatSeconds(step), `measured: ${data.run.name}, ${data.run.threads} thread${data.run.threads > 1 ? "s" : ""}`] : null,
    [formatSeconds(total.predicted), "predicted by the compiler's model"],
    [formatSeconds(total.bound), "floor: the sum of all bounds"],
    [`${(step / total.bound).toFixed(1)} ×`, `of the floor, ${isMeasured ? "measured" : "predicted"}`],
  ];
  section.append(make("div", {class: "numbers"}, boxes.filter(Boolean).map(([number, text]) =>
      make("div", {}, make("strong", {}, number), make("span", {}, text)))),
    make("div", {class: "stack", role: "img", "aria-label": "Time by kind of kernel"}, kinds.map(([kind, sum]) =>
      make("span", {style: `width: ${sum.time / step * 100}%; background: ${kindColor(kind)}`, title: `${kind}: ${formatSeconds(sum.time)}`}))),
    kindLegend(), ...answerSentences().map((sentence) => make("p", {}, sentence)), ...kindTable(), ...entryTable());
}

function answerSentences() {
  const byTime = [...stepKernels].sort((a, b) => b.sum.time - a.sum.time), byLoss = [...stepKernels].sort((a, b) => b.sum.lost - a.sum.lost);
  let count = 0;
  for (let sum = 0; count < byTime.length && sum < 0.8 * total.time; ++count) sum += byTime[count].sum.time;
  const sentences = [[`${formatShare(data.step.nearBound)} of the time is spent in kernels that run at 60% or more of their bound. `
      + `80% of it is in ${count} of the ${formatCount(stepKernels.length)} kernels. Most is lost in `,
    ...byLoss.slice(0, 3).flatMap((kernel, index) => [index ? (index === 2 ? " and " : ", ") : "", kernelLink(kernel),
                                                     ` (${formatSeconds(kernel.sum.lost)})`]), "."]];
  if (isMeasured) {
    const others = d3.sum(data.entries, (entry) => entry.measured?.others ?? 0), between = step - total.measured - others;
    sentences.push([`Beside kernels a step takes ${formatSeconds(between)} between launches` + (others ? ` and ${formatSeconds(others)} in copies` : "") + "."]);
  }
  return sentences;
}

function kindTable() {
  const columns = [
    {title: "kind", value: ([kind]) => kind, cell: ([kind]) => make("span", {class: "nowrap"}, kindDot(kind), kind)},
    ...timeColumns(([, sum]) => sum, d3.max(kinds, ([, sum]) => sum.time)),
    {title: "launches", number: true, value: ([, sum]) => sum.launches, cell: ([, sum]) => formatCount(sum.launches)},
  ];
  return sortableTable("By kind of kernel", columns, kinds, {sortBy: columns[1]});
}

function entryTable() {
  const sums = data.entries.map((entry, index) => ({entry, sum: data.groups.filter((group) => group.entry === index)
    .reduce((sum, group) => sum.add(group), new Sum())}));
  const runs = ({entry}) => (entry.runs ? formatCount(entry.runs) : "not in a step");
  const columns = [
    {title: "entry point", value: ({entry}) => entry.name, cell: ({entry}) => make("code", {}, entry.name)},
    {title: "runs", number: true, value: ({entry}) => entry.runs, cell: runs},
    {title: "launches", number: true, value: ({entry}) => entry.launches, cell: ({entry}) => formatCount(entry.launches)},
    ...timeColumns(({sum}) => sum, d3.max(sums, ({sum}) => sum.time)).slice(0, isMeasured ? 3 : 2),
    {title: "arena", number: true, wide: true, value: ({entry}) => entry.memory.arena, cell: ({entry}) => formatBytes(entry.memory.arena)},
  ];
  return sortableTable("By entry point of the program", columns, sums.filter(({entry}) => entry.launches), {sortBy: columns[3], first: 8});
}

function drawFigures(section) {
  const target = data.target, scaled = target.workers !== target.modelledWorkers;
  const rows = [
    ["memory", `${formatRate(target.memoryBandwidth, "B/s")}, of all ${target.workers} ${target.name === "cpu" ? "threads" : "multiprocessors"}`],
    ["second-level cache", `${formatRate(target.cacheBandwidth, "B/s")}, ${formatBytes(target.cacheBytes)}`],
    ["products of f32", formatRate(2 * target.products, "op/s")],
    ["products of bf16", formatRate(2 * target.bf16Products, "op/s")],
    ["a launch", `${formatSeconds(target.launchSeconds)} beside its work`],
  ];
  const words = [
    ["kernel", "a piece of the program that runs as one; equal pieces are one kernel, however many layers launch it"],
    ["launch", "one run of a kernel"],
    ["bound", "the largest of: bytes over memory's bandwidth (unless they all fit the second-level cache), bytes over that cache's bandwidth, products over their "
      + "rate. Each operand and result counts once; a multiplication and an addition are two operations"],
    ["floor", "the sum of the bounds of all launches of a step"],
    ["predicted", "what selection's model of the kernel expects" + (scaled && target.name === "cpu" ? `; it reckons with ${target.modelledWorkers} threads, and is told here for ${target.workers}` : "")],
    ["measured", "from the first thread's begin to the last one's end of every launch, in the traced step"],
    ["lost", "time beyond the bound"],
  ];
  const list = (pairs) => make("dl", {}, pairs.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
  const source = target.isMeasured
    ? ["Roofs and bounds were ", make("strong", {}, "measured on the machine that ran"), ", by the program itself after the traced step: reading or copying memory, "
       + "reading the second-level caches, and a product of f32 whose operands lie in them" + (target.bf16Products === target.products ? "." : "; products of bf16 are "
       + "as much faster as the compiler's table of targets says.")]
    : ["Roofs and bounds are figures of the compiler's table of targets, ", make("strong", {}, "not measured on this machine"),
       ": a kernel may beat a bound where the machine is better than the table's."];
  section.append(make("p", {}, ...source),
    list(rows), make("h3", {}, "Words"), list(words));
}

/// Links name what they show: a kernel, a line of the model, or a section.
function follow() {
  const [, kind, number] = /^#(kernel|line)-(\d+)$/.exec(location.hash) ?? [];
  if (kind === "kernel" && data.kernels[number]) {
    showKernel(Number(number));
    document.getElementById("kernel-title").focus({preventScroll: true});
    document.getElementById("kernel").scrollIntoView();
  } else if (kind === "line" && data.places[number]) {
    showLine(Number(number));
  }
}

function draw() {
  drawHead();
  const sections = {answer: drawAnswer, kernels: drawKernels, model: drawSource, depth: drawLayers, roofline: drawRoofline, memory: drawMemory,
                    figures: drawFigures};
  for (const [name, drawSection] of Object.entries(sections)) drawSection(document.querySelector(`#${name} .content`));
  const first = d3.greatest(stepKernels, (kernel) => kernel.sum.lost) ?? data.kernels[0];
  if (first) showKernel(first.index);
  window.addEventListener("hashchange", follow);
  follow();
}

draw();
