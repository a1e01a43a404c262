// The document, and what follows from it: what every kernel, line and kind takes in one step.

const data = JSON.parse(document.getElementById("report").textContent);
const isMeasured = data.run !== undefined;

/// Sums of launches: how many, and seconds as predicted, at best and as measured. What a page calls `time` is measured
/// where there is a run, and predicted where there is none; `lost` is the time beyond the bound.
class Sum {
  launches = 0;
  predicted = 0;
  bound = 0;
  measured = 0;

  add(group) {
    const kernel = data.kernels[group.kernel], launches = group.launches * data.entries[group.entry].runs;
    this.launches += launches;
    this.predicted += launches * kernel.predicted;
    this.bound += launches * kernel.bound.seconds;
    this.measured += group.measured ?? 0;
    return this;
  }
  get time() { return isMeasured ? this.measured : this.predicted; }
  get lost() { return this.time - this.bound; }
}

/// Sums of groups by a key; groups whose key is undefined count nowhere.
function sumBy(groups, key) {
  const sums = new Map();
  for (const group of groups) {
    const value = key(group);
    if (value === undefined) continue;
    if (!sums.has(value)) sums.set(value, new Sum());
    sums.get(value).add(group);
  }
  return sums;
}

const stepGroups = data.groups.filter((group) => data.entries[group.entry].runs > 0);
const total = stepGroups.reduce((sum, group) => sum.add(group), new Sum());
/// What a step takes beside its kernels: copies, and the pauses between launches.
const measuredStep = d3.sum(data.entries, (entry) => entry.measured?.seconds ?? 0);
const step = isMeasured ? measuredStep : total.predicted;

data.kernels.forEach((kernel, index) => {
  kernel.index = index;
  kernel.sum = stepGroups.filter((group) => group.kernel === index).reduce((sum, group) => sum.add(group), new Sum());
});
const stepKernels = data.kernels.filter((kernel) => kernel.sum.launches > 0);
const kinds = [...sumBy(stepGroups, (group) => data.kernels[group.kernel].kind)].sort((a, b) => b[1].time - a[1].time);

/// What a kernel works on where it runs alone: seconds of one launch.
function secondsOf(kernel) { return kernel.sum.launches ? kernel.sum.time / kernel.sum.launches : kernel.predicted; }

function placeText(number) {
  const place = data.places[number];
  return `${place.file.split("/").pop()}:${place.line}`;
}

const fileLines = new Map(data.files.map((file) => [file.path, new Map(file.lines)]));

/// The text of a place's line; "" where the file was not at hand.
function lineText(number) {
  const place = data.places[number];
  return (fileLines.get(place.file)?.get(place.line) ?? "").trim();
}

const limits = {memory: "memory", cache: "2nd-level cache", products: "products"};

function kernelLink(kernel) {
  return make("a", {href: `#kernel-${kernel.index}`, class: "name"}, breakable(kernel.name));
}

function lineLink(number) { return make("a", {href: `#line-${number}`}, placeText(number)); }
