// Numbers with their units, and elements.

function formatSeconds(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const sign = seconds < 0 ? "−" : "", size = Math.abs(seconds);
  if (size === 0) return "0";
  for (const [unit, name] of [[1, "s"], [1e-3, "ms"], [1e-6, "µs"]])
    if (size >= unit * 0.9995) return sign + significant(size / unit) + " " + name;
  return sign + significant(size / 1e-9) + " ns";
}

function formatBytes(bytes) {
  for (const [unit, name] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]])
    if (bytes >= unit) return significant(bytes / unit) + " " + name;
  return bytes + " B";
}

/// With the powers of ten of rates: 1.5e12 and "FLOP/s" are "1.5 TFLOP/s".
function formatRate(rate, name) {
  for (const [unit, prefix] of [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (rate >= unit) return significant(rate / unit) + " " + prefix + name;
  return significant(rate) + " " + name;
}

function formatCount(count) { return count.toLocaleString("en"); }

/// Three digits.
function significant(number) {
  if (number >= 100) return formatCount(Math.round(number));
  return number >= 10 ? number.toFixed(1) : number.toFixed(2);
}

function formatShare(share) {
  if (!Number.isFinite(share)) return "–";
  return share > 0 && share < 0.01 ? "< 1%" : Math.round(share * 100) + "%";
}

/// An element with attributes and children; text is text.
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "style") element.style.cssText = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/// A name that may be broken behind its underscores.
function breakable(name) {
  const parts = name.split("_");
  return parts.flatMap((part, index) => (index + 1 < parts.length ? [part + "_", make("wbr")] : [part]));
}

function kindColor(kind) { return `var(--${kind}, var(--other))`; }

function kindDot(kind) { return make("span", {class: "dot", style: `background: ${kindColor(kind)}`, "aria-hidden": "true"}); }
