// @ts-check
// A figure fills the screen; the arrow keys go to the next, and Escape goes back to its place on the page.

const screen_ = /** @type {HTMLDialogElement} */ (document.getElementById("screen"));
const image = /** @type {HTMLImageElement} */ (screen_.querySelector("img"));
const caption = /** @type {HTMLElement} */ (screen_.querySelector("p"));
const figures = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("button.zoom")]);
let shown = 0;

/** @param {number} place */
function show(place) {
  shown = (place + figures.length) % figures.length;
  const own = /** @type {HTMLImageElement} */ (figures[shown].querySelector("img"));
  const title = figures[shown].closest("section")?.querySelector("h3")?.textContent ?? "";
  image.src = own.currentSrc || own.src;
  image.alt = own.alt;
  caption.textContent = title;
}

figures.forEach((figure, place) =>
  figure.addEventListener("click", () => {
    show(place);
    screen_.showModal();
  }),
);

screen_.addEventListener("keydown", event => {
  const step = { ArrowRight: 1, ArrowDown: 1, " ": 1, PageDown: 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  show(shown + step);
});
screen_.addEventListener("click", event => event.target === screen_ && screen_.close());
screen_.addEventListener("close", () => {
  figures[shown].scrollIntoView({ block: "center" });
  figures[shown].focus();
});

// The explorer's page loads its networks, which a browser allows only of pages that a web server gives.
if (location.protocol === "file:")
  for (const link of document.querySelectorAll("a.served")) {
    link.removeAttribute("href");
    link.setAttribute("title", "Put the gallery on a web server, or run `python -m http.server` in its folder.");
    link.append(" (needs a web server)");
  }
