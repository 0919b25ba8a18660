// The page's models of widgets, set right where messages are lost or come twice: their checksums, what
// their person has changed, and what ipywidgets does not do itself. When, is said in `agreement.js`.

const LOADING = 1500; // ms for all states to come; ipywidgets waits for 4 s, and then for good

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(text) {
  let sum = -1;
  for (const byte of new TextEncoder().encode(text)) sum = CRC[(sum ^ byte) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}

// As `agreement.py` does it. A child is its id: a widget's `toJSON`.
function sumOf(raw, names) {
  const layout = raw.get("layout");
  const values = names.map((name) => raw.get(name));
  return checksum(JSON.stringify([...values, layout?.get("display"), layout?.get("height")]));
}

const latest = new WeakMap(); // model -> held

// One widget's model, beside what has happened to it since the last ping. `touched`: the names that its
// person has changed, and whether that was after the kernel was asked for what it holds.
function held(raw, stir, signal) {
  const own = { raw, touched: new Map(), moved: true, pending: 0, buffer: null, tries: 0 };
  const change = () => {
    own.moved = true;
    for (const name of Object.keys(raw.changedAttributes() || {})) {
      if (raw._state_lock) own.touched.delete(name);
      else if (!name.startsWith("_")) own.touched.set(name, true);
    }
    stir();
  };
  const placed = () => ((own.moved = true), stir());
  const layout = raw.get("layout");
  if (!Object.hasOwn(raw, "_handle_status")) forgiving(raw), obedient(raw), impatient(raw);
  latest.set(raw, own);
  raw.on("change", change);
  layout?.on("change", placed);
  own.leave = () => (raw.off("change", change), layout?.off("change", placed));
  signal.addEventListener("abort", own.leave);
  return own;
}

// The answer to what was given up may come all the same: nothing waits for it any more.
function forgiving(raw) {
  const answered = raw._handle_status.bind(raw);
  raw._handle_status = (message) => raw._pending_msgs > 0 && answered(message);
}

// What the kernel answers to a question is older than what was changed after it: a slider would go
// back, and on from there. With other options the old place means something else.
function stillTrue(raw, state) {
  const { _model_name: whole, _options_labels: labels } = state;
  if (!whole || (labels && labels.join("\n") !== raw.get("_options_labels").join("\n"))) return state;
  const newer = (name) => latest.get(raw)?.touched.get(name);
  return Object.fromEntries(Object.entries(state).filter(([name]) => !newer(name)));
}

// A slider that hears of a value beyond its end, or between two of its steps, takes another, and says
// that as if its person had wanted it.
function obedient(raw) {
  const [hear, save] = [raw.set_state.bind(raw), raw.save_changes.bind(raw)];
  raw.set_state = (said) => {
    const state = stillTrue(raw, said);
    const { _options_labels: labels } = state;
    if (labels) hear({ _options_labels: labels });
    hear(state);
    Object.assign(raw.attributes, state);
  };
  raw.save_changes = (...how) => {
    if (raw._state_lock) raw._buffered_state_diff = {};
    else save(...how);
  };
}

// Say what its person has changed once more, whatever ipywidgets still waits for.
function sayAgain({ raw, touched }) {
  const attrs = Object.fromEntries([...touched.keys()].map((name) => [name, raw.get(name)]));
  raw._pending_msgs = 0;
  raw._msg_buffer = raw._msg_buffer_callbacks = null;
  if (touched.size) raw.sync("patch", raw, { attrs });
}

// Without ipywidgets' own callbacks: they would count the answer as one to a change.
function askAgain({ raw, touched }) {
  for (const name of touched.keys()) touched.set(name, false);
  for (const one of [raw.get("layout"), raw]) {
    one?.comm?.send({ method: "request_state" }, {}, {}, []);
  }
}

// A widget that a message names and the page does not know is lost: messages keep their order. But
// ipywidgets waits 2 s for each of them, and all later messages wait behind that.
async function withoutWaiting(manager, message, hear) {
  const ids = Object.values(message.content.data?.state ?? {})
    .flat()
    .map((value) => /^IPY_MODEL_(.+)/.exec(value)?.[1])
    .filter((id) => id && !manager.has_model(id));
  if (!ids.length) return hear();
  const lost = Promise.reject(new Error("widget model not found"));
  lost.catch(() => null);
  for (const id of ids) manager._models[id] = lost;
  try {
    return await hear();
  } finally {
    for (const id of ids) if (manager._models[id] === lost) delete manager._models[id];
  }
}

// All widgets that begin, and each of ours that changes.
function impatient(raw) {
  const manager = raw.widget_manager;
  if (!manager?._models || !manager.has_model) return;
  if (!Object.hasOwn(manager, "handle_comm_open")) {
    const begin = manager.handle_comm_open.bind(manager);
    manager.handle_comm_open = (comm, message) =>
      withoutWaiting(manager, message, () => begin(comm, message));
  }
  const change = raw._handle_comm_msg.bind(raw);
  raw.comm?.on_msg((message) => withoutWaiting(manager, message, () => change(message)));
}

// The models by their ids. One whose first message was lost, or could not be read (an error's model
// has no manager), is made with all that the kernel has, as when a page begins. A comm without a
// model would end that for all of them.
async function modelsOf(manager, ids) {
  const find = async (id) => {
    if (manager.has_model?.(id) === false) return [id, null]; // else it is waited for
    const model = await Promise.resolve(manager.get_model(id)).catch(() => null);
    return [id, model?.widget_manager ? model : null];
  };
  const all = async (ids) => new Map(await Promise.all(ids.map(find)));
  const found = await all(ids);
  if (!manager._loadFromKernel || ids.every((id) => found.get(id))) return found;
  const comms = manager.kernel?._comms ?? new Map();
  const ours = [...comms.values()].filter((comm) => comm.targetName === "jupyter.widget");
  for (const [id, model] of [...found, ...(await all(ours.map((comm) => comm.commId)))]) {
    if (model) continue;
    comms.get(id)?.dispose();
    delete manager._models?.[id];
  }
  const loaded = Promise.resolve(manager._loadFromKernel());
  loaded.catch(() => null); // also when nobody waits for it any more
  await Promise.race([loaded, new Promise((later) => setTimeout(later, LOADING))]);
  return all(ids);
}

// Where the first message of a widget came twice, it has two models: the kernel speaks to the second
// one only, but the first one may be what is shown.
async function renew(manager, raw, models) {
  const layout = raw.get("layout");
  const placed = layout?.model_id && (await manager.get_model(layout.model_id));
  if (placed && placed !== layout) raw.set_state({ layout: placed });
  const children = raw.get("children");
  const heard = children?.map((child) => models.get(child.model_id) ?? child);
  if (!heard?.some((child, i) => child !== children[i])) return;
  await drawn(raw); // else those that are still made are told their size when they are gone
  raw.set_state({ children: heard });
}

// The views of a widget, when they and those of its children are made, or could not be.
async function drawn(raw) {
  const views = (await Promise.allSettled(Object.values(raw.views ?? {}))).map(({ value }) => value);
  const parts = views.map((view) => Promise.allSettled(view?.children_views?.views ?? []));
  return Promise.all(parts).then((found) => views.map((view, i) => [view, found[i]]));
}

// A child that could not be read when its box was shown is left out of it, also when it can be.
async function shown(raw) {
  let whole = true;
  for (const [view, parts] of await drawn(raw)) {
    const list = view?.children_views;
    if (!list?.views) continue;
    const seen = ({ value }, i) => value?.model === list._models[i] && view.el.contains(value.el);
    if (parts.every(seen)) continue;
    whole = false;
    list.views = parts.map(({ value }) => Promise.resolve(value ?? { remove() {} }));
    await list.update([]);
    for (const left of [...view.luminoWidget.widgets]) left.dispose(); // in the places of those
    view.update_children();
  }
  return whole;
}

// A change that could not be read would stop all those after it.
async function settled(raw) {
  try {
    await raw.state_change;
  } catch {
    raw.state_change = Promise.resolve();
  }
}
