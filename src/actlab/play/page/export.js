// A figure as a file: SVG that stands alone, its styles written into it, or PNG at twice its size.
import { svg } from "./dom.js";
import { legendOf } from "./legend.js";

const INLINED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linecap", "stroke-linejoin",
  "opacity", "font-size", "font-family", "font-weight", "text-anchor", "visibility",
];

// A drawing and its legend as a picture that needs no stylesheet.
function standalone(drawing, entries = []) {
  const { width, height: high } = drawing.viewBox.baseVal, legend = legendOf(entries, width, high), height = high + legend.height;
  drawing.append(legend.group);  // for a moment: its styles are those that it has there
  const copy = inlined(drawing);
  legend.group.remove();
  for (const [key, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height })) copy.setAttribute(key, value);
  copy.prepend(svg("rect", { width, height, fill: getComputedStyle(document.documentElement).backgroundColor }));
  return { words: new XMLSerializer().serializeToString(copy), width, height };
}

function inlined(drawing) {
  const copy = drawing.cloneNode(true);
  const originals = [drawing, ...drawing.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, at) => {
    const style = getComputedStyle(original), one = copies[at];
    for (const property of INLINED) one.setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "tabindex", "style"]) one.removeAttribute(attribute);
    if (style.display === "none") one.setAttribute("display", "none");
  });
  return copy;
}

// The picture of an svg or a canvas as a Blob; `kind` is "SVG" or "PNG".
async function pictureOf(drawing, kind, entries) {
  const png = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (drawing instanceof HTMLCanvasElement) return png(drawing);
  const { words, width, height } = standalone(drawing, entries), blob = new Blob([words], { type: "image/svg+xml" });
  if (kind === "SVG") return blob;
  const address = URL.createObjectURL(blob), image = new Image();
  image.src = address;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return png(canvas);
}

export async function savePicture(drawing, name, kind, entries) {
  const picture = await pictureOf(drawing, kind, entries), isCanvas = drawing instanceof HTMLCanvasElement;
  const address = URL.createObjectURL(picture);
  Object.assign(document.createElement("a"), { href: address, download: `${name}.${isCanvas ? "png" : kind.toLowerCase()}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
