// Charts that float over the grid's cells and scroll with them. ECharts is fetched only where a tab has one.

const NOT_DRAWN = "This kind of chart is not drawn here; Google Sheets shows it.";

export class Charts {
  /** `place(row, column)` gives {x, y} of a cell within the scrolled cells; `host()` the element that holds those. */
  constructor(host, place) {
    this.host = host;
    this.place = place;
    this.drawn = new Map();
    this.charts = [];
  }

  /** Shows these charts, and no others. */
  async show(charts) {
    this.charts = charts;
    const kept = new Set(charts.map((chart) => chart.id));
    for (const [id, { box, canvas }] of this.drawn) {
      if (kept.has(id)) continue;
      canvas?.dispose();
      box.remove();
      this.drawn.delete(id);
    }
    if (!charts.length) return;
    const { echarts } = charts.some((chart) => chart.option) ? await import("nicegui-echart") : {};
    if (this.charts !== charts) return; // others came while the library was fetched
    for (const chart of charts) this.draw(echarts, chart);
  }

  draw(echarts, chart) {
    const old = this.drawn.get(chart.id);
    const box = old?.box ?? document.createElement("figure");
    box.className = "chart";
    box.setAttribute("role", "img");
    box.setAttribute("aria-label", chart.name);
    box.dataset.chart = chart.id;
    this.lay(box, chart);
    this.host().append(box);
    let canvas = old?.canvas;
    if (!chart.option) {
      canvas?.dispose();
      canvas = undefined;
      box.textContent = chart.name + ": " + NOT_DRAWN;
    } else {
      if (!canvas) box.replaceChildren();
      canvas ??= echarts.init(box, null, { renderer: "svg" });
      canvas.resize();
      canvas.setOption(chart.option, { notMerge: true });
    }
    this.drawn.set(chart.id, { box, canvas });
  }

  lay(box, chart) {
    const { x, y } = this.place(chart.row, chart.column);
    box.style.left = x + chart.x + "px";
    box.style.top = y + chart.y + "px";
    box.style.width = chart.width + "px";
    box.style.height = chart.height + "px";
  }

  /** Puts the charts where their cells are now. */
  arrange() {
    for (const chart of this.charts) {
      const box = this.drawn.get(chart.id)?.box;
      if (!box) continue;
      this.lay(box, chart);
      if (!box.isConnected) this.host().append(box);
    }
  }

  close() {
    this.show([]);
  }
}
