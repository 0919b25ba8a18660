// The page's half of fedplay's Stage: one canvas that draws what the kernel sends, and says so.
//
//   kernel -> page   {kind: "frame", n, ratio} with the buffers [PNG, padding]
//   page -> kernel   {kind: "size", width, height, ratio, host, fresh}   css pixels; fresh: a new view
//                    {kind: "ack", n}                                    frame n is on the screen
//                    {kind: "pointer", type, x, y}                       css pixels of the picture
//                    {kind: "theme", dark}

const DARK = "(prefers-color-scheme: dark)";
const RESIZE_PAUSE = 120; // ms: a new size costs the kernel a whole redraw

// JupyterLab, Notebook and Voilà write their theme on <body>; elsewhere the system's choice counts.
function pageIsDark() {
  const light = document.body.dataset.jpThemeLight;
  return light === undefined ? matchMedia(DARK).matches : light === "false";
}

function makeCanvas(el) {
  const frame = document.createElement("div");
  const canvas = document.createElement("canvas");
  frame.className = "fedplay-frame";
  frame.style.cssText = "height: 0; visibility: hidden"; // until it has drawn: a picture stands there
  canvas.className = "fedplay-canvas";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  frame.append(canvas);
  el.append(frame);
  return { frame, canvas };
}

// Beside the canvas, for pages that cannot load this module: the core Image, and its words.
function hideFirstPicture(el) {
  const parts = el.closest(".fedplay-stage")?.querySelectorAll(".fedplay-picture") ?? [];
  for (const part of parts) part.style.display = "none";
}

// Draws the newest frame, and acknowledges every frame, even one that cannot be decoded: an
// acknowledgement that never comes would stall the kernel.
function drawing({ model, el, frame, canvas }) {
  const context = canvas.getContext("2d", { alpha: false });
  let newest = 0;
  const put = (bitmap, ratio) => {
    if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
    if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
    canvas.style.width = `${bitmap.width / ratio}px`; // one picture pixel, one screen pixel
    context.drawImage(bitmap, 0, 0);
    frame.style.cssText = `height: ${model.get("height")}px`;
    hideFirstPicture(el);
  };
  return async (content, buffers) => {
    if (content?.kind !== "frame" || !buffers?.length) return;
    const { n, ratio } = content;
    try {
      const bitmap = await createImageBitmap(new Blob([buffers[0]], { type: "image/png" }));
      if (n > newest) put(bitmap, ratio);
      newest = Math.max(newest, n);
      bitmap.close();
    } finally {
      model.send({ kind: "ack", n });
    }
  };
}

// Reports the room there is, and again when the window, the zoom or the screen changes.
function reportSize({ model, frame, signal }) {
  let last = "";
  let timer = 0;
  const report = () => {
    timer = 0;
    const width = Math.floor(frame.getBoundingClientRect().width);
    if (width < 1 || signal.aborted) return; // not on the page, or hidden
    const size = { width, height: model.get("height"), ratio: devicePixelRatio };
    if (JSON.stringify(size) === last) return;
    model.send({ kind: "size", ...size, host: location.hostname, fresh: last === "" });
    last = JSON.stringify(size);
  };
  const soon = () => {
    if (last === "") report();
    else timer ||= setTimeout(report, RESIZE_PAUSE);
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

function reportTheme({ model, signal }) {
  let last;
  const report = () => {
    const dark = pageIsDark();
    if (dark !== last) model.send({ kind: "theme", dark });
    last = dark;
  };
  const observer = new MutationObserver(report);
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  matchMedia(DARK).addEventListener("change", report, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  report();
}

// At most one move per animation frame; a press, a release or a departure goes at once, after the
// move before it.
function reportPointer({ model, canvas, signal }) {
  let move = null;
  let request = 0;
  const flush = () => {
    request = 0;
    if (move) model.send(move);
    move = null;
  };
  const at = (type, event) => {
    const box = canvas.getBoundingClientRect();
    const scale = parseFloat(canvas.style.width) / box.width || 1; // shown smaller than drawn?
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    return { kind: "pointer", type, x, y };
  };
  const now = (type) => (event) => {
    cancelAnimationFrame(request);
    flush();
    model.send(at(type, event));
  };
  const listen = (name, listener) => canvas.addEventListener(name, listener, { signal });
  listen("pointermove", (event) => {
    move = at("move", event);
    request ||= requestAnimationFrame(flush);
  });
  listen("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  listen("pointerdown", now("down"));
  listen("pointerup", now("up"));
  listen("pointercancel", now("leave"));
  listen("pointerleave", now("leave"));
  signal.addEventListener("abort", () => cancelAnimationFrame(request));
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
  const { frame, canvas } = makeCanvas(el);
  const leave = new AbortController();
  const view = { model, el, frame, canvas, signal: leave.signal };
  const draw = drawing(view);
  const soon = reportSize(view);
  const describe = () => canvas.setAttribute("aria-label", model.get("alt"));
  const resize = () => {
    if (!frame.style.visibility) frame.style.height = `${model.get("height")}px`;
    soon();
  };
  model.on("msg:custom", draw);
  model.on("change:alt", describe);
  model.on("change:height", resize);
  describe();
  reportTheme(view);
  reportPointer(view);
  keepShortcutsOff(view);
  return () => {
    leave.abort();
    model.off("msg:custom", draw);
    model.off("change:alt", describe);
    model.off("change:height", resize);
  };
}

export default { render };
