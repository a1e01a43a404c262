// Operations per second of each kernel against operations per byte, under the roofs of the machine.

function drawRoofline(section) {
  // What takes less than a thousandth of the step would only stretch the axes.
  const kernels = stepKernels.filter((kernel) => kernel.operations > 0 && kernel.bytes > 0 && kernel.sum.time > total.time / 1000);
  if (!kernels.length) return;
  const width = 900, height = 440, margin = {left: 70, right: 16, top: 16, bottom: 44}, target = data.target;
  const intensity = (kernel) => kernel.operations / kernel.bytes;
  const rate = (kernel) => kernel.operations / secondsOf(kernel);
  const peaks = [{name: "products of f32", rate: 2 * target.products, isUsed: kernels.some((kernel) => !kernel.bf16)},
                 {name: "products of bf16", rate: 2 * target.bf16Products, isUsed: kernels.some((kernel) => kernel.bf16)}];
  const roofs = peaks.filter((peak, index) => peak.isUsed && (index === 0 || peak.rate !== peaks[0].rate || !peaks[0].isUsed));
  const top = d3.max(roofs, (roof) => roof.rate);
  const x = d3.scaleLog([Math.min(0.05, d3.min(kernels, intensity) / 2), Math.max(1e3, d3.max(kernels, intensity) * 2)],
                        [margin.left, width - margin.right]).nice();
  const y = d3.scaleLog([Math.min(top / 1e4, d3.min(kernels, rate) / 2), top * 2], [height - margin.bottom, margin.top]);
  const svg = d3.create("svg").attr("viewBox", [0, 0, width, height]).attr("role", "group").attr("width", width)
    .attr("aria-label", "Roofline: operations per second against operations per byte. The table of kernels has the same numbers.");
  drawAxes(svg, x, y, width, height, margin);
  for (const [bandwidth, name, className] of [[target.memoryBandwidth, "memory", "roof"],
                                              [target.cacheBandwidth, "2nd-level cache", "roof second"]])
    drawSlope(svg, x, y, bandwidth, name, top, className);
  for (const roof of roofs) {
    const knee = roof.rate / target.memoryBandwidth;
    svg.append("path").attr("class", "roof").attr("d", d3.line()([[x(Math.max(x.domain()[0], roof.rate / target.cacheBandwidth)), y(roof.rate)],
                                                                  [x.range()[1], y(roof.rate)]]));
    svg.append("text").attr("x", x.range()[1]).attr("y", y(roof.rate) - 6).attr("text-anchor", "end")
      .text(`${roof.name}, ${formatRate(roof.rate, "op/s")}`).append("title").text(`from ${significant(knee)} operations per byte on`);
  }
  drawPoints(svg, kernels, (kernel) => x(intensity(kernel)), (kernel) => y(rate(kernel)));
  section.append(make("p", {}, "Each circle is a kernel that takes a thousandth of the step or more, as large as its share of the step: the higher, the faster; on a roof it is as fast as "
      + "the machine. Under the slopes, bytes limit it; under the flat roof, products do. Roofs are the table's figures "
      + "(see below), not measured."),
    kindLegend(), svg.node());
}

function drawAxes(svg, x, y, width, height, margin) {
  svg.append("g").attr("class", "axis").attr("transform", `translate(0,${height - margin.bottom})`)
    .call(d3.axisBottom(x).ticks(8, "~g"));
  svg.append("g").attr("class", "axis").attr("transform", `translate(${margin.left},0)`)
    .call(d3.axisLeft(y).ticks(6).tickFormat((rate) => (Number.isInteger(Math.log10(rate) + 1e-9 - 1e-9) ? formatRate(rate, "") : "")));
  svg.append("text").attr("x", width - margin.right).attr("y", height - 8).attr("text-anchor", "end").text("operations per byte →");
  svg.append("text").attr("x", 4).attr("y", margin.top - 4).text("operations per second");
}

/// The roof of a bandwidth, up to the highest flat one.
function drawSlope(svg, x, y, bandwidth, name, top, className) {
  const low = Math.max(x.domain()[0], y.domain()[0] / bandwidth), high = Math.min(top / bandwidth, x.domain()[1]);
  if (low >= high) return;
  const [x1, y1, x2, y2] = [x(low), y(low * bandwidth), x(high), y(high * bandwidth)];
  svg.append("path").attr("class", className).attr("d", d3.line()([[x1, y1], [x2, y2]]));
  const angle = Math.atan2(y2 - y1, x2 - x1) * 180 / Math.PI, at = 0.25;
  svg.append("text").attr("transform", `translate(${x1 + (x2 - x1) * at},${y1 + (y2 - y1) * at - 6}) rotate(${angle})`)
    .text(`${name}, ${formatRate(bandwidth, "B/s")}`);
}

/// Circles that lead to their kernels; only the largest are stops of the keyboard, since the table has them all.
function drawPoints(svg, kernels, x, y) {
  const radius = d3.scaleSqrt([0, d3.max(kernels, (kernel) => kernel.sum.time)], [3, 26]), stops = 12;
  const sorted = [...kernels].sort((a, b) => b.sum.time - a.sum.time);
  const links = svg.append("g").selectAll("a").data(sorted).join("a").attr("href", (kernel) => `#kernel-${kernel.index}`)
    .attr("tabindex", (kernel, index) => (index < stops ? 0 : -1))
    .attr("aria-label", (kernel) => `${kernel.name}, ${formatSeconds(kernel.sum.time)}`);
  links.append("circle").attr("cx", x).attr("cy", y).attr("r", (kernel) => radius(kernel.sum.time))
    .attr("fill", (kernel) => kindColor(kernel.kind))
    .append("title").text((kernel) => `${kernel.name}\n${formatSeconds(kernel.sum.time)} of a step in ${formatCount(kernel.sum.launches)} `
      + `launches, ${formatRate(kernel.operations / secondsOf(kernel), "op/s")}, ${formatShare(kernel.sum.bound / kernel.sum.time)} of its bound`);
}

function kindLegend() {
  return make("ul", {class: "legend"}, kinds.map(([kind, sum]) =>
    make("li", {}, kindDot(kind), `${kind} ${formatSeconds(sum.time)} (${formatShare(sum.time / total.time)})`)));
}
