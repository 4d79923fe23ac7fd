export default {
  id: 'overview',
  title: 'Overview',
  group: 'Ensemble',
  key: 'o',
  render(root, { ui, live }) {
    const draw = (sample) => {
      if (!sample || !sample.figures) return;
      const f = sample.figures;
      ui.show(root, ui.el('h1', {}, 'Overview'), ui.panel('This server', ui.facts([
        ['State', f.state], ['Applied', ui.zxid(f.zxid)], ['Serves for', ui.duration(f.uptime_ms)]])));
    };
    draw(live.latest());
    return live.subscribe(draw);
  },
};
