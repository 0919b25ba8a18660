// Names for the sliders: those of ipywidgets have none that a screen reader could say.
//
// Each handle gets its row's label as its name and the readout as its value in words. The row is
// what `controls.py` and `transport.py` build; what changes later is seen by an observer.

const set = (element, name, value) => {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
};

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
  const observer = new MutationObserver(() => {
    waiting ||= requestAnimationFrame(() => ((waiting = 0), nameSliders(root)));
  });
  const begin = () => {
    root = el.closest(".fedplay");
    if (!root) return void (waiting = requestAnimationFrame(begin)); // not on the page yet
    waiting = 0;
    // Else Notebook 7 takes the arrow keys, and "d d" on a focused slider deletes the cell.
    root.dataset.lmSuppressShortcuts = "true";
    observer.observe(root, { childList: true, subtree: true, characterData: true });
    nameSliders(root);
  };
  begin();
  return () => {
    observer.disconnect();
    cancelAnimationFrame(waiting);
  };
}

export default { render };
