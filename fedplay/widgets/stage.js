// The page's half of fedplay's Stage: one canvas that draws what the kernel sends, and says so.
//
//   kernel -> page   {kind: "frame", n, ratio, tip, cursor} with the buffers [PNG, padding];
//                    tip: null or [x, y, lines], css pixels of the picture and plain text
//   page -> kernel   {kind: "ack", n}                                    frame n is on the screen
//                    {kind: "pointer", type, x, y}                       css pixels of the picture
//                    {kind: "key", key}                                  one of KEYS
//   until heard (tell.js), and when they change:
//                    {kind: "size", width, height, between, ratio, window, host, fresh}   css pixels; a new
//                        view is fresh; between: how high are the tabs that lie over the picture
//                    {kind: "theme", dark} {kind: "motion", reduced}

const DARK = "(prefers-color-scheme: dark)";
const STILL = "(prefers-reduced-motion: reduce)";
const RESIZE_PAUSE = 120; // ms: a new size costs the kernel a whole redraw
const SLOP = 6; // css px that a finger moves before it is a drag
const GAP = 14; // css px between the pointer and its tip
const KEYS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);
for (const key of ["PageUp", "PageDown", "Enter", " ", "Escape"]) KEYS.add(key);
const CURSORS = new Set(["default", "pointer", "crosshair", "grab", "grabbing", "help"]);
for (const cursor of ["move", "ew-resize", "ns-resize", "not-allowed", "wait"]) CURSORS.add(cursor);

// JupyterLab, Notebook and Voilà write their theme on <body>, VS Code too, Colab on <html>;
// elsewhere the system's choice counts.
function pageIsDark() {
  const { jpThemeLight: light, vscodeThemeKind: kind } = document.body.dataset;
  if (light !== undefined) return light === "false";
  if (kind !== undefined) return kind === "vscode-dark" || kind === "vscode-high-contrast";
  const colab = document.documentElement.getAttribute("theme");
  if (colab !== null || globalThis.google?.colab) return colab === "dark";
  return matchMedia(DARK).matches;
}

// "application": its keys are for the picture, a screen reader must not take them for itself.
function makeCanvas(el) {
  const frame = make("div", "fedplay-frame", el);
  frame.style.cssText = "height: 0; visibility: hidden"; // until it has drawn: a picture stands there
  const canvas = make("canvas", "fedplay-canvas", frame);
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-roledescription", "interactive picture");
  const tip = make("div", "fedplay-tip", frame);
  tip.hidden = true;
  const help = make("span", "fedplay-unseen", frame);
  help.id = `fedplay-help-${Math.random().toString(36).slice(2)}`;
  canvas.setAttribute("aria-describedby", help.id);
  const said = make("div", "fedplay-unseen", frame);
  said.setAttribute("aria-live", "polite");
  return { frame, canvas, tip, help, said };
}

// Beside the canvas, for pages that cannot load this module: the core Image, and its words.
function hideFirstPicture(el) {
  const parts = el.closest(".fedplay-stage")?.querySelectorAll(".fedplay-picture") ?? [];
  for (const part of parts) part.style.display = "none";
}

// Beside the pointer, on the side where there is room. The lines may come from anybody's data:
// they are text, never HTML.
function showTip({ frame, canvas, tip }, spot) {
  tip.hidden = !spot;
  if (!spot) return;
  const [x, y, lines] = spot;
  tip.replaceChildren(
    ...lines.map((text, i) => {
      const line = document.createElement(i ? "div" : "b");
      line.textContent = text;
      return line;
    }),
  );
  const scale = canvas.clientWidth / parseFloat(canvas.style.width) || 1;
  const place = (at, size, room) =>
    Math.max(0, at + GAP + size <= room ? at + GAP : at - GAP - size);
  tip.style.left = `${place(x * scale, tip.offsetWidth, frame.clientWidth)}px`;
  tip.style.top = `${place(y * scale, tip.offsetHeight, frame.clientHeight)}px`;
}

// Draws the newest frame, and acknowledges every frame, even one that cannot be decoded: an
// acknowledgement that never comes would stall the kernel.
function drawing(view) {
  const { model, el, frame, canvas, tell } = view;
  const context = canvas.getContext("2d", { alpha: false });
  let newest = 0;
  const put = (bitmap, { ratio, tip, cursor }) => {
    if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
    if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
    canvas.style.width = `${bitmap.width / ratio}px`; // one picture pixel, one screen pixel
    context.drawImage(bitmap, 0, 0);
    frame.style.height = `${model.get("height")}px`; // of one that is fitted, its style sheet says it
    frame.style.visibility = "";
    view.drawn?.();
    hideFirstPicture(el);
    showTip(view, tip);
    canvas.style.cursor = CURSORS.has(cursor) ? cursor : "default";
  };
  return async (content, buffers) => {
    if (content?.kind !== "frame" || !buffers?.length) return;
    const { n } = content;
    try {
      const bitmap = await createImageBitmap(new Blob([buffers[0]], { type: "image/png" }));
      if (n > newest) put(bitmap, content);
      newest = Math.max(newest, n);
      bitmap.close();
    } finally {
      tell({ kind: "ack", n });
    }
  };
}

// Reports the room there is, and again when the window, the zoom or the screen changes.
// A screen that is fitted to its page gives the picture the room that is left; else its height is said.
function reportSize({ model, frame, signal, insist, fitted }) {
  let last = "";
  let over = null; // what lies over the picture
  let fresh = true; // until the kernel has heard of this view
  let timer = 0;
  const report = () => {
    timer = 0;
    const root = fitted();
    const width = frame.clientWidth;
    if (width < 1 || signal.aborted) return; // not on the page, or hidden
    const height = root ? frame.clientHeight : model.get("height");
    if (height < 1) return;
    look(root);
    const ratio = devicePixelRatio * (parseFloat(root?.style.zoom) || 1);
    const size = { width, height, between: over?.offsetHeight ?? 0, ratio, window: innerHeight };
    if (JSON.stringify(size) === last) return;
    insist({ kind: "size", ...size, host: location.hostname, fresh }, () => (fresh = false));
    last = JSON.stringify(size);
  };
  const soon = () => {
    if (last === "") report();
    else timer ||= setTimeout(report, RESIZE_PAUSE);
  };
  const look = (root) => {
    const found = root?.querySelector(".fedplay-view-tabs") ?? null;
    if (found && found !== over) observer.observe(found);
    over = found;
  };
  const watchRatio = () => {
    const now = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    now.addEventListener("change", () => (soon(), watchRatio()), { once: true, signal });
  };
  const observer = new ResizeObserver(soon);
  observer.observe(frame);
  watchRatio();
  signal.addEventListener("abort", () => (observer.disconnect(), clearTimeout(timer)));
  return soon;
}

function reportTheme({ frame, signal, insist }) {
  let last;
  const report = () => {
    const dark = pageIsDark();
    if (dark !== last) insist({ kind: "theme", dark });
    frame.style.setProperty("color-scheme", dark ? "dark" : "light");
    last = dark;
  };
  const observer = new MutationObserver(report);
  const attributeFilter = ["data-jp-theme-light", "data-vscode-theme-kind", "theme"];
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, { attributeFilter });
  }
  matchMedia(DARK).addEventListener("change", report, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  report();
}

function reportMotion({ signal, insist }) {
  const still = matchMedia(STILL);
  const report = () => insist({ kind: "motion", reduced: still.matches });
  still.addEventListener("change", report, { signal });
  report();
}

// At most one move per animation frame; a press, a release or a departure goes at once, after the
// move before it. A finger's press waits until it is no swipe: that would scroll the page.
function reportPointer({ canvas, signal, tell }) {
  let move = null;
  let finger = null; // the press that waits
  let request = 0;
  const flush = () => {
    request = 0;
    if (move) tell(move);
    move = null;
  };
  const at = (type, event) => {
    const box = canvas.getBoundingClientRect();
    const scale = parseFloat(canvas.style.width) / box.width || 1; // shown smaller than drawn?
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    return { kind: "pointer", type, x, y };
  };
  const send = (message) => {
    cancelAnimationFrame(request);
    flush();
    tell(message);
  };
  const press = () => {
    if (finger) send(finger);
    finger = null;
  };
  const listen = (name, listener) => canvas.addEventListener(name, listener, { signal });
  listen("pointermove", (event) => {
    const here = at("move", event);
    if (finger) {
      const [right, down] = [Math.abs(here.x - finger.x), Math.abs(here.y - finger.y)];
      if (right < SLOP || right < down) return;
      press();
    }
    move = here;
    request ||= requestAnimationFrame(flush);
  });
  listen("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") finger = at("down", event);
    else send(at("down", event));
  });
  listen("pointerup", (event) => (press(), send(at("up", event))));
  const leave = (event) => ((finger = null), send(at("leave", event)));
  listen("pointercancel", leave);
  listen("pointerleave", leave);
  signal.addEventListener("abort", () => cancelAnimationFrame(request));
}

// A key that is held down repeats itself, but not more than once per animation frame.
function reportKeys({ canvas, signal, tell }) {
  let resting = false;
  const press = (event) => {
    if (!KEYS.has(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (event.repeat && resting) return;
    resting = true;
    requestAnimationFrame(() => (resting = false));
    tell({ kind: "key", key: event.key });
  };
  canvas.addEventListener("keydown", press, { signal });
}

// JupyterLab's shortcuts act on the cell of the focused canvas: "d d" would delete it. Those with
// Ctrl or ⌘, as for saving, stay. Lab asks on `document`, so this must come before, on `window`.
function keepShortcutsOff({ canvas, signal }) {
  const set = (event) => {
    const wanted = event.ctrlKey || event.metaKey;
    canvas.toggleAttribute("data-lm-suppress-shortcuts", !wanted);
  };
  window.addEventListener("keydown", set, { capture: true, signal });
}

function render({ model, el }) {
  const leave = new AbortController();
  const [signal, tell] = [leave.signal, teller(model)];
  const insist = insisting(model, tell, signal);
  const fitted = () => el.closest(".fedplay-fitted");
  const view = { model, el, ...makeCanvas(el), signal, tell, insist, fitted };
  const { frame, canvas, help, said } = view;
  const soon = reportSize(view);
  view.drawn = () => ((view.drawn = null), soon()); // what lies over it may have come meanwhile
  const describe = () => {
    canvas.setAttribute("aria-label", model.get("alt"));
    help.textContent = model.get("help");
  };
  const listeners = {
    "msg:custom": drawing(view),
    "change:alt": describe,
    "change:said": () => (said.textContent = model.get("said")),
    "change:height": () => {
      if (!frame.style.visibility) frame.style.height = `${model.get("height")}px`;
      soon();
    },
  };
  for (const [name, listener] of Object.entries(listeners)) model.on(name, listener);
  describe();
  reportTheme(view);
  reportMotion(view);
  reportPointer(view);
  reportKeys(view);
  keepShortcutsOff(view);
  return () => {
    leave.abort();
    for (const [name, listener] of Object.entries(listeners)) model.off(name, listener);
  };
}

export default { render };
