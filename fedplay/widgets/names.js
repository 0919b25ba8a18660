// What the sliders of ipywidgets lack: names that a screen reader can say, and keys of their own.
//
// Each handle gets its row's label as its name and the readout as its value in words. The row is
// what `controls.py` and `transport.py` build; what changes later is seen by an observer.

const set = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

// Else the notebook takes the arrow keys for itself, and "d d" on a slider deletes its cell.
function keepKeys(root) {
  for (const element of root.querySelectorAll(".noUi-handle, button, select")) {
    set(element, "data-lm-suppress-shortcuts", "true");
  }
}

function nameSliders(root) {
  for (const handle of root.querySelectorAll(".noUi-handle")) {
    const row = handle.closest(".widget-inline-hbox");
    const label = row?.querySelector(".widget-label")?.textContent.trim();
    if (!label) continue;
    set(handle, "aria-label", label);
    const value = row.querySelector(".widget-readout")?.textContent.trim();
    if (value) set(handle, "aria-valuetext", value);
    const help = row.querySelector(".widget-label")?.title || row.title;
    if (help) set(handle, "title", help);
  }
}

function render({ el }) {
  el.style.display = "none";
  let root = null;
  let waiting = 0;
  const look = () => {
    waiting = 0;
    nameSliders(root);
    keepKeys(root);
  };
  const observer = new MutationObserver(() => {
    waiting ||= requestAnimationFrame(look);
  });
  const begin = () => {
    root = el.closest(".fedplay");
    if (!root) return void (waiting = requestAnimationFrame(begin)); // not on the page yet
    observer.observe(root, { childList: true, subtree: true, characterData: true });
    look();
  };
  begin();
  return () => {
    observer.disconnect();
    cancelAnimationFrame(waiting);
  };
}

export default { render };
