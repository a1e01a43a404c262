// The model's own text, each line with the time of what was made of it.

/// Sums by line: of the kernels that were made of it, and of what it calls besides.
const lineSums = sumBy(stepGroups, (group) => group.chain[0]);
const calledSums = new Map();
for (const group of stepGroups)
  for (const place of new Set(group.chain.slice(1))) {
    if (!calledSums.has(place)) calledSums.set(place, new Sum());
    calledSums.get(place).add(group);
  }

function drawSource(section) {
  const named = d3.rollup(d3.range(data.places.length), ([number]) => number, (number) => data.places[number].file,
                          (number) => data.places[number].line);
  const traced = d3.sum(lineSums.values(), (sum) => sum.time);
  section.append(make("p", {}, "The seconds beside a line are those of the kernels that were made of it in a step, forward and backward; beside a call, in "
      + "parentheses, of everything that it calls. Kernels into which several lines were fused count for the line of their main operation. "
      + `${formatShare(traced / total.time)} of the time has a line.`));
  for (const file of data.files)
    section.append(make("h3", {}, make("code", {}, file.path)), ...sourceTable(file, named.get(file.path) ?? new Map()));
}

function sourceTable(file, numbers) {
  if (!file.lines.length) return [make("p", {class: "soft"}, "The file was not at hand when the report was written."), unnamedLines(numbers)];
  const largest = d3.max(lineSums.values(), (sum) => sum.time);
  const rows = file.lines.map(([line, text]) => {
    const number = numbers.get(line), own = lineSums.get(number), called = calledSums.get(number);
    const time = [own ? formatSeconds(own.time) : "", called ? `(${formatSeconds(called.time)})` : ""].join(" ").trim();
    const style = own ? `--share: ${own.time / largest * 100}%` : undefined;
    return make("tr", {id: number === undefined ? undefined : `place-${number}`},
      make("td", {class: "number" + (own ? " meter" : ""), style}, time),
      make("td", {class: "number line-number"}, number !== undefined && own ? make("a", {href: `#line-${number}`, "aria-label": `kernels of line ${line}`}, line) : String(line)),
      make("td", {class: "text"}, text));
  });
  const head = make("thead", {}, make("tr", {}, make("th", {scope: "col", class: "number"}, "seconds"), make("th", {scope: "col", class: "number"}, "line"),
                                                make("th", {scope: "col"}, "text")));
  return [make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": file.path},
               make("table", {class: "source"}, head, make("tbody", {}, rows))), make("div", {class: "line-detail", "aria-live": "polite"})];
}

/// Of a file without text: its lines with their times.
function unnamedLines(numbers) {
  const rows = [...numbers].filter(([, number]) => lineSums.has(number)).sort(([a], [b]) => a - b);
  return make("ul", {class: "legend"}, rows.map(([, number]) => make("li", {}, lineLink(number), ` ${formatSeconds(lineSums.get(number).time)}`)));
}

/// The kernels of one line, below the text in which it stands.
function showLine(number) {
  const kernels = [...sumBy(stepGroups.filter((group) => group.chain[0] === number), (group) => group.kernel)];
  const fused = stepKernels.filter((kernel) => kernel.body.some((operation) => operation.place === number && operation.part !== "anchor")
    && !kernels.some(([index]) => index === kernel.index));
  document.querySelectorAll(".source tr.selected").forEach((row) => row.classList.remove("selected"));
  const row = document.getElementById(`place-${number}`);
  row?.classList.add("selected");
  const target = row?.closest(".scroll").nextElementSibling ?? document.querySelector("#model .content");
  const columns = [
    {title: "kernel", value: ([index]) => data.kernels[index].name, cell: ([index]) => [kindDot(data.kernels[index].kind), kernelLink(data.kernels[index])]},
    ...timeColumns(([, sum]) => sum, d3.max(kernels, ([, sum]) => sum.time)),
    {title: "launches", number: true, value: ([, sum]) => sum.launches, cell: ([, sum]) => formatCount(sum.launches)},
  ];
  const title = make("h3", {tabindex: "-1"}, `Kernels of ${placeText(number)}`);
  target.replaceChildren(title, make("p", {}, make("code", {}, lineText(number))),
    ...sortableTable("Kernels made of this line", columns, kernels, {sortBy: columns[1]}),
    fused.length ? make("p", {}, "Also fused into ", fused.slice(0, 12).flatMap((kernel, index) => [index ? ", " : "", kernelLink(kernel)])) : "");
  title.focus({preventScroll: true});
  title.scrollIntoView({block: "center"});
}
