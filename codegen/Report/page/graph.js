// The neighbourhood of a kernel, drawn: who makes what it reads on the left, who reads what it writes on the right. The lists
// below the drawing have the same links in words, and all that there was no room for.

const graphBox = {width: 250, height: 40, gap: 10, most: 8};

/// Neighbours on one side, equal ones together: what they are, and the bytes that go along the edge in a launch.
function neighbours(tensors, key) {
  const ends = new Map();
  for (const tensor of tensors) {
    const launches = d3.sum(tensor[key], (end) => end.launches);
    for (const end of tensor[key]) {
      const name = end.kernel ?? end.role;
      const known = ends.get(name) ?? {kernel: end.kernel === undefined ? undefined : data.kernels[end.kernel], role: end.role, bytes: 0};
      known.bytes += tensor.bytes * end.launches / launches;
      known.layout = known.layout ?? tensor.layout;
      ends.set(name, known);
    }
  }
  return [...ends.values()].sort((a, b) => b.bytes - a.bytes).slice(0, graphBox.most);
}

function kernelGraph(kernel) {
  const left = neighbours(kernel.operands, "from"), right = neighbours(kernel.results, "to");
  const width = 980, rows = Math.max(left.length, right.length, 1), height = rows * (graphBox.height + graphBox.gap);
  const middle = (width - graphBox.width) / 2, center = height / 2;
  const svg = d3.create("svg").attr("viewBox", [0, 0, width, height]).attr("width", width).attr("class", "graph").attr("role", "group")
    .attr("aria-label", "The kernel between those that it reads from and writes for");
  const thickness = d3.scaleSqrt([0, d3.max([...left, ...right], (end) => end.bytes) || 1], [1, 9]);
  const place = (ends, index) => center + (index - (ends.length - 1) / 2) * (graphBox.height + graphBox.gap);
  const edge = d3.linkHorizontal();
  const draw = (ends, x, from, to) => {
    svg.append("g").selectAll("path").data(ends).join("path").attr("class", "edge").attr("stroke-width", (end) => thickness(end.bytes))
      .attr("d", (end, index) => edge({source: from(place(ends, index)), target: to(place(ends, index))}))
      .append("title").text((end) => `${formatBytes(Math.round(end.bytes))}, ${end.layout ?? "row by row"}`);
    ends.forEach((end, index) => graphNode(svg, x, place(ends, index), end));
  };
  draw(left, 0, (y) => [graphBox.width, y], () => [middle, center]);
  draw(right, width - graphBox.width, () => [middle + graphBox.width, center], (y) => [width - graphBox.width, y]);
  graphNode(svg, middle, center, {kernel, isSelf: true, bytes: kernel.bytes});
  return svg.node();
}

/// A box with two lines of text; a link where it is another kernel.
function graphNode(svg, x, y, end) {
  const node = end.kernel && !end.isSelf ? svg.append("a").attr("href", `#kernel-${end.kernel.index}`) : svg.append("g");
  const name = end.kernel ? end.kernel.name : roleNames[end.role] ?? end.role, longest = 34;
  node.append("rect").attr("x", x).attr("y", y - graphBox.height / 2).attr("width", graphBox.width).attr("height", graphBox.height).attr("rx", 5)
    .attr("class", end.isSelf ? "self" : "").attr("stroke", end.kernel ? kindColor(end.kernel.kind) : "var(--line)");
  node.append("text").attr("x", x + 8).attr("y", y - 3).text(name.length > longest ? name.slice(0, longest - 1) + "…" : name);
  node.append("text").attr("x", x + 8).attr("y", y + 13).attr("class", "soft")
    .text(end.isSelf ? `${end.kernel.kind}, ${formatSeconds(secondsOf(end.kernel))} a launch`
                     : `${formatBytes(Math.round(end.bytes))}, ${end.layout ? "packed" : "row by row"}`);
  node.append("title").text(name);
}
