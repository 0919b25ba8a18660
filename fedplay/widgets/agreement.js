// Page and kernel hold the same, or a sentence says what to do.
//
//   page -> kernel   {kind: "ping", n}            once a second while something changes, then less
//                                                 and less often, and at rest not at all
//   kernel -> page   {kind: "pong", n, each: {id: [sum, kind]}, names: {kind: [names of state]}}
//                    {kind: "busy"}               it hears, but computes something else just now
//   until heard      {kind: "click", id}          in place of a button's own message
//
// A message may be lost, or come twice, and the connection may break at any time. ipywidgets sends a
// widget's next change when the last one was answered: an answer that is lost leaves that widget
// dumb for good. But messages keep their order. By the time that a pong is there, all that was
// said before its ping was answered, or is lost; and what then differs will not change by itself.
// What its person has changed is said again; else the kernel is asked for what it holds.

const BEAT = 1000; // ms between two pings; half of that where the last pong found a difference
const SOON = 400; // ms from a change to a ping: the picture that it asks for comes first
const [SAME, MOVES, DIFFERS] = [0, 1, 2]; // what a pong finds
const PINGS = 6; // to a screen that has come to rest: after 1, 2, 3, 3, 3 and 3 s
const SILENCE = 4; // pings without an answer until that is worth a sentence: after 5 s at most
const LATE = 3000; // ms; of a timer that comes later than this, the page was asleep meanwhile
const ODD = 5; // times that a widget was set right in vain
const LOADING = 1500; // ms for all states to come; ipywidgets waits for 4 s, and then for good

// What to do, in a page of its own or below a cell; `kept` says that nothing is lost by it, or is ".".
const SENTENCES = {
  gone: (kept, cell) =>
    cell
      ? `The kernel has stopped or was restarted. Run this cell again${kept}`
      : `The kernel has stopped. Reload the page${kept}`,
  cut: (kept, cell) =>
    `The connection to the kernel is lost, and is being tried again. If it stays lost, reload the page${kept}` +
    (cell ? "" : " If the page does not open, start fedplay again."),
  busy: () =>
    "Waiting for the kernel, which is busy: what you change now is taken up as soon as it is free.",
  silent: (kept, cell) =>
    `Waiting for the kernel. If it stays silent, ${cell ? "restart it and run this cell again" : "reload the page"}${kept}`,
  odd: (kept) => `This page does not show what the kernel holds. Reload the page${kept}`,
};
const STILL_USELESS = new Set(["gone", "cut"]); // what is changed now would go nowhere

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

function agree({ model, tell, insist, signal, notify }) {
  const manager = model.widget_manager;
  if (!manager?.get_model) return;
  const known = new Map(); // id -> held
  let [n, answered, rest, misses] = [0, 0, 0, 0];
  let [gone, odd] = [false, false];
  let [busy, wasBusy] = [false, -SILENCE]; // it says so itself; at which miss it was so last
  let [timer, due, last] = [0, 0, -BEAT];
  let self = null;
  let hearing = Promise.resolve(); // one pong after the other: each may make models anew

  const at = (time) => {
    clearTimeout(timer);
    due = time;
    timer = signal.aborted ? 0 : setTimeout(tick, Math.max(0, due - performance.now()));
  };
  const stir = () => {
    rest = 0;
    const soon = Math.max(last + BEAT, performance.now() + SOON);
    if (!timer || due > soon) at(soon);
  };

  const trouble = () => {
    const { status, connectionStatus: line = "connected" } = manager.kernel ?? {};
    if (self && (gone || !self.comm_live || status === "dead")) return "gone";
    if (line === "disconnected") return "cut";
    if (misses < SILENCE) return odd ? "odd" : "";
    if (line !== "connected") return "cut";
    if (busy || status === "busy") wasBusy = misses;
    return misses < wasBusy + SILENCE ? "busy" : "silent";
  };
  const look = () => {
    if (!self) meet();
    const found = trouble();
    notify(found);
    return found;
  };
  const meet = async () => {
    const found = await Promise.resolve(manager.get_model(model.get("own"))).catch(() => null);
    if (self || !found) return;
    self = found;
    self.on("comm_live_update", stir);
    signal.addEventListener("abort", () => self.off("comm_live_update", stir));
  };

  // Whether the kernel still has this widget: one that was started anew answers, but not to us.
  const inquire = async () => {
    const comms = await manager._get_comm_info?.().catch?.(() => null);
    if (comms && self && !(model.get("own") in comms)) gone = true;
    look();
  };

  // One that was not answered is said again as it was: what it promises is then true all the more.
  const ping = () => {
    last = performance.now();
    if (answered < n) return tell({ kind: "ping", n });
    for (const own of known.values()) {
      const { _pending_msgs: pending, _msg_buffer: buffer } = own.raw;
      Object.assign(own, { moved: false, pending, buffer });
    }
    n += 1;
    return tell({ kind: "ping", n });
  };

  const tick = () => {
    const slept = performance.now() - due > LATE;
    const connected = (manager.kernel?.connectionStatus ?? "connected") === "connected";
    timer = 0;
    if (document.hidden) return; // until it is looked at again
    if (slept) misses = 0;
    else if (answered < n || !connected) misses += 1;
    if (look() === "gone") return;
    if (connected && misses % SILENCE === SILENCE - 2) inquire();
    if (connected) ping();
    at(performance.now() + (misses > 2 * SILENCE ? SILENCE * BEAT : BEAT));
  };

  // Whether a widget is as the kernel says, or is just changing; if neither, it is set right.
  const compare = (own, sum, names) => {
    const { raw, touched, moved, pending, buffer } = own;
    const waits = pending > 0 && raw._pending_msgs > 0 && raw._msg_buffer === buffer;
    if (waits && buffer) {
      sayAgain(own); // what it waits for is lost, or its answer is
      return DIFFERS;
    }
    if (moved) return MOVES;
    const same = sumOf(raw, names) === sum;
    if (waits && !(same && [...touched.keys()].every((name) => names.includes(name)))) {
      sayAgain(own); // what differs is lost; or a file may be, which is in no sum
      return DIFFERS;
    }
    if (waits) raw._pending_msgs = 0; // only the answer is
    if (same) {
      touched.clear();
      own.tries = 0;
      return SAME;
    }
    own.tries += 1;
    sayAgain(own);
    askAgain(own);
    return DIFFERS;
  };

  const hearPong = async ({ n: to, each, names }) => {
    if (to <= answered) return; // a second time
    const late = busy; // its thread for us was faster than its main one: what was said waits there
    [answered, misses, busy, wasBusy] = [to, 0, false, -SILENCE];
    look();
    if (late) return stir();
    const models = await modelsOf(manager, Object.keys(each));
    let worst = SAME;
    const found = (how) => (worst = Math.max(worst, how));
    for (const raw of models.values()) {
      if (!raw) continue;
      await settled(raw);
      await renew(manager, raw, models);
      found((await shown(raw)) ? SAME : DIFFERS);
    }
    if (to !== n || signal.aborted) return;
    for (const [id, raw] of models) {
      if (known.has(id) && known.get(id).raw === raw) {
        const [sum, kind] = each[id];
        found(compare(known.get(id), sum, names[kind]));
      } else {
        known.get(id)?.leave();
        if (raw) known.set(id, held(raw, stir, signal));
        if (raw?.get("_model_name") === "ButtonModel") reliable(raw, id);
        found(DIFFERS);
      }
    }
    for (const [id, own] of known) if (!(id in each)) known.delete(id), own.leave();
    odd = [...known.values()].some(({ tries }) => tries >= ODD);
    look();
    rest = worst === SAME ? rest + 1 : 0;
    const beats = worst === DIFFERS ? 1 / 2 : Math.min(Math.max(rest, 1), 3);
    if (rest <= PINGS) at(last + BEAT * beats);
    else clearTimeout(timer), (timer = 0);
  };

  const reliable = (raw, id) => {
    const send = raw.send.bind(raw);
    raw.send = (content, ...more) => {
      if (content?.event !== "click" || signal.aborted) return send(content, ...more);
      insist({ kind: "click", id }, undefined, Symbol("click"));
      stir();
    };
  };

  const again = (error) => {
    console.debug("fedplay: page and kernel are compared once more", error);
    stir();
  };
  const hear = (content) => {
    if (content?.kind === "pong") hearing = hearing.then(() => hearPong(content)).catch(again);
    if (content?.kind === "busy") busy = true;
  };
  const wake = () => document.hidden || stir();
  model.on("msg:custom", hear);
  document.addEventListener("visibilitychange", wake, { signal });
  const line = manager.kernel?.connectionStatusChanged;
  const reconnected = () => {
    misses = 0;
    look();
    stir();
  };
  line?.connect(reconnected);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", hear);
    line?.disconnect(reconnected);
    clearTimeout(timer);
  });
  stir();
}

