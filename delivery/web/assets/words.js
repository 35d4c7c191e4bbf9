// The data that the page came with, and its words in the language of the browser.
const data = JSON.parse(document.getElementById("data").textContent);

// Some browsers call their language what is no tag, such as en-US@posix: numbers and dates are then written as in `other`.
function tagOr(other, tag) {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return other;
  }
}

const [language, locale] = (() => {
  const wanted = navigator.languages && navigator.languages.length ? navigator.languages : [navigator.language || ""];
  for (const tag of wanted) {
    const base = tag.toLowerCase().split(/[^a-z]/)[0];
    const known = { in: "id" }[base] || base;
    if (data.words[known]) return [known, tagOr(known, tag)];
  }
  return [data.language, data.language];
})();
const rightToLeft = ["ar", "ur"].includes(language);
const words = data.words[language];
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (all, name) => (name in values ? values[name] : all));
const number = new Intl.NumberFormat(locale);
const percent = (part) => new Intl.NumberFormat(locale, { style: "percent" }).format(Math.min(1, part));

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let unit = 0;
  while (bytes >= 999.5 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  const digits = unit && bytes < 100 ? 1 : 0;
  const text = new Intl.NumberFormat(locale, {
    style: "unit", unit: units[unit], unitDisplay: unit ? "short" : "long", maximumFractionDigits: digits,
  }).format(bytes);
  return rightToLeft && !/[\u0590-\u08ff]/.test(text) ? `\u2066${text}\u2069` : text;
}

// What would hide or turn round a part of a name is shown as an escape, as `escape.printable` does it.
const printable = (name) =>
  name.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });

// A name keeps its own direction inside a sentence of another.
const isolate = (name) => `\u2068${printable(name)}\u2069`;

function element(tag, { text, classes, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function translate() {
  document.documentElement.lang = language;
  document.documentElement.dir = rightToLeft ? "rtl" : "ltr";
  for (const spot of document.querySelectorAll("[data-say]")) spot.textContent = say(spot.dataset.say);
  for (const spot of document.querySelectorAll("[data-label]")) spot.setAttribute("aria-label", say(spot.dataset.label));
  for (const spot of document.querySelectorAll("[data-size]")) spot.textContent = size(Number(spot.dataset.size));
  for (const spot of document.querySelectorAll("[data-number]")) spot.textContent = number.format(Number(spot.dataset.number));
  document.documentElement.classList.add("scripted");
}
