"use strict";
addEventListener("load", () => {
  // A figure for the reader's hand takes the place of its still picture, which is for print and where no script runs.
  const frames = [...document.querySelectorAll("a.live")].map((link) => {
    const frame = document.createElement("iframe"), words = link.closest("p");
    const name = link.getAttribute("href").match(/([^/]+)\.html$/)[1];
    document.querySelector(`article p:has(> img[src$="/${name}.svg"])`)?.classList.add("still");
    words.classList.add("live");
    frame.src = link.href;
    frame.title = `${link.textContent}: a figure that moves`;
    words.after(frame);
    return frame;
  });
  const coloured = (frame) => frame.contentWindow.postMessage({ theme: document.body.dataset.theme }, "*");
  for (const frame of frames) frame.addEventListener("load", () => coloured(frame));
  new MutationObserver(() => frames.forEach(coloured)).observe(document.body, { attributeFilter: ["data-theme"] });
  addEventListener("message", (event) => {
    const frame = frames.find((one) => one.contentWindow === event.source);
    if (frame && event.data.height > 0) frame.style.height = `${event.data.height + 2}px`;
  });
  // On a phone what was drawn for a page's width is not made too small to read.
  for (const picture of document.querySelectorAll("article p > img")) {
    picture.classList.toggle("wide", picture.naturalWidth > 520);
  }
  // What is wider than its place is reached by the keyboard too: code, formulas, tables, pictures.
  for (const wide of document.querySelectorAll("article :is(pre, .formula, .table-wrapper, p:has(> img))")) {
    if (wide.scrollWidth > wide.clientWidth) {
      wide.tabIndex = 0;
      wide.setAttribute("role", "region");
      wide.setAttribute("aria-label", "wider than the window");
    }
  }
  // Sphinx calls these headings, and not of which level.
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
});
