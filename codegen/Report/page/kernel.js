// One kernel: what was fused into it, what it reads and from whom, what it writes and for whom. Every neighbour is a link.

const roleNames = {parameter: "a parameter", gradient: "a gradient", first_moment: "a first moment", second_moment: "a second moment",
                   state: "a state", input: "an input of the program", scalar: "a number that the runtime sets",
                   packed: "a packed parameter", argument: "an argument", result: "a result of the program"};

function showKernel(index) {
  const kernel = data.kernels[index], section = document.querySelector("#kernel .content");
  document.getElementById("kernel-title").replaceChildren("One kernel: ", make("span", {class: "name"}, breakable(kernel.name)));
  section.replaceChildren(
    make("p", {}, kernelSentence(kernel)), kernelGraph(kernel),
    make("div", {class: "walk"},
      make("div", {}, make("h3", {}, "Reads"), tensorList(kernel.operands, "from")),
      make("div", {}, make("h3", {}, "Is made of"), bodyList(kernel)),
      make("div", {}, make("h3", {}, "Writes"), tensorList(kernel.results, "to"))),
    make("h3", {}, "Bound and choice"), facts(kernel), ...othersTable(kernel));
}

function kernelSentence(kernel) {
  const sum = kernel.sum;
  if (!sum.launches) return `A ${kernel.kind} kernel over ${kernel.shape}, which no entry point of a step launches.`;
  return `A ${kernel.kind} kernel over ${kernel.shape}: ${formatSeconds(sum.time)} of a step (${formatShare(sum.time / step)}) in `
    + `${formatCount(sum.launches)} launches of ${formatSeconds(secondsOf(kernel))}, which is ${formatShare(sum.bound / sum.time)} of what `
    + `${limits[kernel.bound.limit]} would allow.`;
}

/// Operands with where they come from, or results with where they go.
function tensorList(tensors, key) {
  if (!tensors.length) return make("p", {class: "soft"}, "nothing");
  return make("ul", {}, tensors.map((tensor, number) => make("li", {},
    make("code", {}, tensor.type), ` ${formatBytes(tensor.bytes)} `,
    make("span", {class: "tag"}, tensor.layout ?? "row by row"), " ",
    tensor.access && tensor.access !== "none" ? make("span", {class: "tag"}, tensor.access) : null,
    tensor.tied !== undefined ? make("span", {class: "tag"}, `in the place of operand ${tensor.tied}`) : null,
    ends(tensor[key], key))));
}

/// The other ends of an edge, those with most launches first.
function ends(list, key) {
  const most = 6, sorted = [...list].sort((a, b) => b.launches - a.launches);
  const word = key === "from" ? "from " : "for ";
  if (!sorted.length) return make("div", {class: "soft"}, key === "from" ? "" : "read by nobody");
  // Which of several it is says more than that a kernel is there twice.
  const which = (end) => (key === "to" ? `operand ${end.number} of ` : data.kernels[end.kernel].results.length > 1 ? `result ${end.number} of ` : "");
  const item = (end) => make("div", {}, word, end.kernel === undefined ? roleNames[end.role] ?? end.role : [which(end), kernelLink(data.kernels[end.kernel])].flat(),
                             end.launches > 1 ? ` × ${formatCount(end.launches)}` : "");
  if (sorted.length <= most) return make("div", {}, sorted.map(item));
  return make("div", {}, sorted.slice(0, most).map(item),
              make("details", {}, make("summary", {}, `${sorted.length - most} more`), sorted.slice(most).map(item)));
}

function bodyList(kernel) {
  const saved = kernel.unfusedBytes - kernel.bytes;
  return make("ul", {}, kernel.body.map((operation) => make("li", {}, make("code", {}, operation.operation), " ",
      kernel.body.length > 1 ? make("span", {class: "tag"}, operation.part) : null,
      operation.place === undefined ? null : make("div", {}, lineLink(operation.place), " ", make("code", {class: "soft"}, lineText(operation.place))))),
    saved > 0 ? make("li", {}, `Fused, a launch moves ${formatBytes(saved)} less than its operations would one by one.`) : null);
}

function facts(kernel) {
  const bound = kernel.bound, rows = [
    ["bound", `${formatSeconds(bound.seconds)}: memory ${bound.memory ? formatSeconds(bound.memory) : "– (fits the second-level cache)"}, `
      + `2nd-level cache ${formatSeconds(bound.cache)}, products ${formatSeconds(bound.products)}`],
    ["predicted", kernel.seconds === undefined ? "not predicted" : `${formatSeconds(kernel.predicted)} (of the team that selection reckons with: compute `
      + `${formatSeconds(kernel.parts.compute)}, memory ${formatSeconds(kernel.parts.memory)}, overhead ${formatSeconds(kernel.parts.overhead)})`],
    isMeasured && kernel.sum.launches ? ["measured", `${formatSeconds(secondsOf(kernel))} a launch`] : null,
    ["bytes", `${formatBytes(kernel.bytes)} a launch`],
    ["operations", `${formatRate(kernel.operations, "")}, of which ${formatRate(2 * kernel.multiplyAdds, "")} of products${kernel.bf16 ? " of bf16" : ""}; `
      + `${significant(kernel.operations / Math.max(1, kernel.bytes))} a byte`],
    ["choice", make("code", {}, kernel.configuration)],
    ["lines", linesOf(kernel).map((line) => make("div", {}, lineLink(line), " ", make("code", {class: "soft"}, lineText(line))))],
  ];
  return make("dl", {}, rows.filter(Boolean).flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
}

/// What the choice won against.
function othersTable(kernel) {
  if (!kernel.others?.length) return [];
  const rows = kernel.others.map((other) => make("tr", {}, make("td", {}, make("code", {}, other.strategy)),
    make("td", {class: "number"}, other.seconds === undefined ? "–" : formatSeconds(other.seconds)),
    make("td", {}, other.reason ?? make("code", {}, JSON.stringify(other.choice ?? {})))));
  return [make("h3", {}, "Turned down"), make("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "Turned down"},
    make("table", {}, make("thead", {}, make("tr", {}, ["strategy", "predicted", "why, or with what"].map((title) => make("th", {scope: "col"}, title)))),
         make("tbody", {}, rows)))];
}
