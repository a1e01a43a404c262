// Tables that are sorted by buttons in their heads, and those of kernels.

/// columns: {title, value (to sort by), cell (what is shown), number, wide (left out on phones), share (0 to 1, as a bar)}
function sortableTable(caption, columns, rows, {sortBy, first = 25} = {}) {
  let column = sortBy ?? columns[0], descending = column.number ?? false, count = first, shown = rows;
  const body = make("tbody"), more = make("button", {class: "more", type: "button", onclick: showAll});
  const heads = columns.map((each) => make("th", {scope: "col", class: classOf(each)},
    make("button", {type: "button", title: each.help, onclick: () => sort(each)}, each.title)));
  const table = make("table", {}, make("caption", {}, caption), make("thead", {}, make("tr", {}, heads)), body);

  function classOf(each) { return [each.number ? "number" : "", each.wide ? "wide" : ""].join(" ").trim(); }
  function showAll() {
    count = rows.length;
    draw();
  }
  function sort(each) {
    descending = each === column ? !descending : each.number ?? false;
    column = each;
    draw();
  }
  function cell(each, row) {
    const share = each.share?.(row);
    const style = share === undefined ? undefined : `--share: ${Math.max(0, Math.min(1, share)) * 100}%`;
    return make("td", {class: classOf(each) + (style ? " meter" : ""), style}, each.cell(row));
  }
  function draw() {
    const sorted = [...shown].sort((a, b) => d3.ascending(column.value(a), column.value(b)) * (descending ? -1 : 1));
    body.replaceChildren(...sorted.slice(0, count).map((row) => make("tr", {}, columns.map((each) => cell(each, row)))));
    heads.forEach((head, index) =>
      head.setAttribute("aria-sort", columns[index] !== column ? "none" : descending ? "descending" : "ascending"));
    more.hidden = count >= shown.length;
    more.textContent = `Show all ${formatCount(shown.length)}`;
  }
  /// Only the rows that fulfil a condition.
  function filter(condition) {
    shown = rows.filter(condition);
    draw();
  }
  draw();
  table.filterRows = filter;
  return [make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption}, table), more];
}

/// The columns about seconds of anything that has a sum.
function timeColumns(sumOf, largest) {
  const columns = [
    {title: "predicted", help: "what the compiler's model expects", number: true, wide: isMeasured,
     value: (row) => sumOf(row).predicted, cell: (row) => formatSeconds(sumOf(row).predicted)},
    {title: "bound", help: "the least time that this machine could need", number: true,
     value: (row) => sumOf(row).bound, cell: (row) => formatSeconds(sumOf(row).bound)},
    {title: "lost", help: "time beyond the bound", number: true, value: (row) => sumOf(row).lost,
     cell: (row) => formatSeconds(sumOf(row).lost)},
    {title: "of bound", help: "bound / time: 100% is as fast as this machine could be", number: true,
     value: (row) => sumOf(row).bound / sumOf(row).time, cell: (row) => formatShare(sumOf(row).bound / sumOf(row).time)},
  ];
  if (isMeasured)
    columns.push({title: "of predicted", help: "measured / predicted: the error of the compiler's model", number: true, wide: true,
                  value: (row) => sumOf(row).measured / sumOf(row).predicted,
                  cell: (row) => formatShare(sumOf(row).measured / sumOf(row).predicted)});
  if (isMeasured)
    columns.unshift({title: "measured", help: "what the run took", number: true, value: (row) => sumOf(row).measured,
                     cell: (row) => formatSeconds(sumOf(row).measured)});
  columns[0].share = (row) => sumOf(row).time / largest;
  return columns;
}

/// The lines from which a kernel is launched.
function linesOf(kernel) {
  return [...new Set(data.groups.filter((group) => group.kernel === kernel.index && group.chain.length)
    .map((group) => group.chain[0]))];
}

/// What a kernel runs over, in which tiles, and whether it reads anything that does not lie row by row.
function describeKernel(kernel) {
  const tiles = Object.entries(kernel.choice ?? {}).filter(([, value]) => typeof value === "number")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${formatCount(value)}`);
  const packed = kernel.operands.concat(kernel.results).filter((tensor) => tensor.layout).length;
  return [kernel.shape, tiles.join(", "), packed ? `${packed} packed` : ""].filter(Boolean).join("; ");
}

function drawKernels(section) {
  const time = timeColumns((kernel) => kernel.sum, d3.max(stepKernels, (kernel) => kernel.sum.time));
  const columns = [
    {title: "kernel", value: (kernel) => kernel.name,
     cell: (kernel) => [kindDot(kernel.kind), kernelLink(kernel), make("div", {class: "soft small"}, describeKernel(kernel), " ",
                                                                                linesOf(kernel).slice(0, 3).flatMap((line) => [lineLink(line), " "]))]},
    ...time,
    {title: "bound by", help: "what of the machine sets the bound", value: (kernel) => kernel.bound.limit,
     cell: (kernel) => limits[kernel.bound.limit]},
    {title: "launches", help: "in one step", number: true, value: (kernel) => kernel.sum.launches,
     cell: (kernel) => formatCount(kernel.sum.launches)},
    {title: "bytes", help: "of operands and results of one launch", number: true, wide: true, value: (kernel) => kernel.bytes,
     cell: (kernel) => formatBytes(kernel.bytes)},
    {title: "operations", help: "of one launch", number: true, wide: true, value: (kernel) => kernel.operations,
     cell: (kernel) => formatRate(kernel.operations, "")},
  ];
  const lost = columns.find((column) => column.title === "lost");
  const table = sortableTable("Kernels of one step", columns, stepKernels, {sortBy: lost});
  const filterField = () => {
    const field = make("input", {type: "search", id: "filter"});
    field.addEventListener("input", () => table[0].firstChild.filterRows((kernel) =>
      `${kernel.name} ${kernel.kind} ${kernel.strategy}`.includes(field.value.trim())));
    return make("p", {class: "filter"}, make("label", {for: "filter"}, "Only those with "), field, " in their name, kind or strategy");
  };
  section.append(make("p", {}, `One row for each of the ${formatCount(stepKernels.length)} different kernels of a step, in all of its `
      + `${formatCount(total.launches)} launches. What a kernel loses is its ${isMeasured ? "measured" : "predicted"} time beyond its bound. `
      + "Follow a name to what was fused into the kernel and what it reads and writes."),
    filterField(), ...table);
}
