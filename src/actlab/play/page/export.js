// A figure as a file: SVG that stands alone, its styles written into it, or PNG at twice its size.
const INLINED = [
  "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "stroke-linecap", "stroke-linejoin",
  "opacity", "font-size", "font-family", "font-weight", "text-anchor", "visibility",
];

// A copy of a drawing on the page that needs no stylesheet.
export function standalone(drawing) {
  const copy = drawing.cloneNode(true), { width, height } = drawing.viewBox.baseVal;
  const originals = [drawing, ...drawing.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, at) => {
    const style = getComputedStyle(original), one = copies[at];
    for (const property of INLINED) one.setAttribute(property, style.getPropertyValue(property));
    for (const attribute of ["class", "tabindex", "style"]) one.removeAttribute(attribute);
    if (style.display === "none") one.setAttribute("display", "none");
  });
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", width);
  ground.setAttribute("height", height);
  ground.setAttribute("fill", getComputedStyle(document.documentElement).backgroundColor);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

// The picture of an svg or a canvas as a Blob; `kind` is "SVG" or "PNG".
export async function pictureOf(drawing, kind) {
  const png = (canvas) => new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  if (drawing instanceof HTMLCanvasElement) return png(drawing);
  const words = new Blob([standalone(drawing)], { type: "image/svg+xml" });
  if (kind === "SVG") return words;
  const { width, height } = drawing.viewBox.baseVal, address = URL.createObjectURL(words), image = new Image();
  image.src = address;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 2 * width, height: 2 * height });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(address);
  return png(canvas);
}

export async function savePicture(drawing, name, kind) {
  const picture = await pictureOf(drawing, kind), isCanvas = drawing instanceof HTMLCanvasElement;
  const address = URL.createObjectURL(picture);
  Object.assign(document.createElement("a"), { href: address, download: `${name}.${isCanvas ? "png" : kind.toLowerCase()}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
