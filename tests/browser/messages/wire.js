// Between a page and its kernel: reads every message, and loses or doubles those that a test names. One
// from the kernel can be held too, with all that comes after it, until `wire.release()`.
//
//   wire.plan   [{way: ">" or "<", kind: a whole kind, what: "lose", "double" or "hold", left, skip}]
//   wire.late   what is held
//   wire.counts how many of each kind have come by, wire.done what was done to which
//   wire.clicks the marks of clicks that were not heard yet
//
// The messages of a test's own widgets (`wire.spared`, ids of comms) go by untouched.
(() => {
  const Socket = WebSocket;
  const [spared, clicks] = [new Set(), new Set()];
  const wire = { plan: [], counts: {}, done: [], sockets: [], late: null, spared, clicks };
  window.wire = wire;

  // v1.kernel.websocket.jupyter.org: a count, offsets, then channel, header, parent, metadata, content.
  const read = (data) => {
    if (typeof data === "string") return JSON.parse(data);
    const view = new DataView(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
    const at = (i) => Number(view.getBigUint64(8 * i, true));
    const text = (i) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at(i), at(i + 1) - at(i));
      return new TextDecoder().decode(bytes);
    };
    return { header: JSON.parse(text(2)), content: JSON.parse(text(5)) };
  };
  const kindOf = ({ header, content }) => {
    const type = header.msg_type;
    if (type === "status") return `status ${content.execution_state}`;
    if (type !== "comm_msg") return type;
    const { method, content: said } = content.data;
    return method === "custom" ? said?.kind ?? said?.event ?? "custom" : method;
  };
  const decide = (way, data) => {
    let message;
    try {
      message = read(data);
      message.kind = kindOf(message);
    } catch {
      return "pass"; // of another kind of socket
    }
    const { kind, content } = message;
    const own = kind !== "update_states" && JSON.stringify(content).includes("id='report'");
    if (own) wire.spared.add(content.comm_id);
    if (wire.spared.has(content.comm_id)) return "pass";
    const name = `${way} ${kind}`;
    wire.counts[name] = (wire.counts[name] ?? 0) + 1;
    const what = ruled(way, kind);
    const said = content.data?.content;
    if (name === "> click" && said.mark) wire.clicks.add(said.mark);
    if (name === "< heard" && what !== "lose") for (const mark of said.marks) wire.clicks.delete(mark);
    return what;
  };
  const ruled = (way, kind) => {
    const rule = wire.plan.find((rule) => rule.left > 0 && rule.way === way && rule.kind === kind);
    if (!rule) return wire.chance?.(way, kind) ?? "pass";
    if (rule.skip-- > 0) return "pass";
    rule.left -= 1;
    wire.done.push([rule.what, `${way} ${kind}`]);
    return rule.what;
  };
  window.WebSocket = class extends Socket {
    constructor(...how) {
      super(...how);
      wire.sockets.push(this);
    }
    send(data) {
      const what = decide(">", data);
      if (what !== "lose") super.send(data);
      if (what === "double") super.send(data);
    }
    set onmessage(hear) {
      super.onmessage = (event) => {
        const what = decide("<", event.data);
        if (what === "hold") wire.late ??= [];
        if (wire.late) return wire.late.push(() => hear.call(this, event));
        if (what !== "lose") hear.call(this, event);
        if (what === "double") hear.call(this, event);
      };
    }
    get onmessage() {
      return super.onmessage;
    }
  };
  wire.set = (what, way, kind, left = 1, skip = 0) => wire.plan.push({ what, way, kind, left, skip });
  wire.release = () => {
    const held = wire.late ?? [];
    wire.late = null;
    for (const hear of held) hear();
  };
  wire.calm = () => {
    wire.plan.length = wire.done.length = 0;
    wire.chance = null;
    wire.release();
  };
  // Each message is lost or doubled by chance, `most` of each kind and way, in places that a seed tells.
  wire.random = (seed, rate, most) => {
    const taken = {};
    let state = seed >>> 0;
    const roll = () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = Math.imul(state ^ (state >>> 15), state | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    wire.chance = (way, kind) => {
      const name = `${way} ${kind}`;
      const [lot, side] = [roll(), roll()];
      if (lot >= rate || (taken[name] ?? 0) >= most) return "pass";
      taken[name] = (taken[name] ?? 0) + 1;
      const what = side < 0.7 ? "lose" : "double";
      wire.done.push([what, name]);
      return what;
    };
  };
  wire.cut = () => {
    for (const socket of wire.sockets.splice(0)) socket.close();
  };
})();
