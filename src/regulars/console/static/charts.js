// The charts of the overview. Their figures are in the page as JSON and as a table; colours come from the tokens.
"use strict";

const css = (name) => {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
};

const faded = (colour, opacity) => colour.replace(/^rgb\((.*)\)$/, `rgba($1, ${opacity})`);

function course(box) {
  const data = JSON.parse(document.getElementById("course-data").textContent);
  const unit = 10 ** data.digits;
  const money = (value, options) => new Intl.NumberFormat(data.language, { style: "currency", currency: data.currency, currencyDisplay: "narrowSymbol", ...options }).format(value / unit);
  const count = (value) => new Intl.NumberFormat(data.language).format(value);
  const [accent, second, ink, faint, line, surface] = ["--accent", "--second", "--ink", "--ink-3", "--line", "--surface"].map(css);
  const text = { color: faint, fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.replaceChildren();
  const chart = echarts.init(box, null, { renderer: "svg" });
  chart.setOption({
    animation: !still,
    animationDuration: 350,
    textStyle: text,
    grid: { left: 4, right: 4, top: 44, bottom: 4, containLabel: true },
    legend: { left: 0, top: 0, itemWidth: 14, itemHeight: 10, itemGap: 18, textStyle: { ...text, color: ink }, icon: "roundRect" },
    tooltip: {
      trigger: "axis",
      axisPointer: { type: "shadow", shadowStyle: { color: faded(accent, 0.07) } },
      backgroundColor: surface,
      borderColor: line,
      padding: [10, 14],
      textStyle: { ...text, color: ink, fontSize: 13 },
      formatter: (items) => {
        const point = data.points[items[0].dataIndex];
        const box = document.createElement("div");
        const head = document.createElement("strong");
        head.textContent = point.complete ? point.label : `${point.label} (${data.part})`;
        box.append(head);
        for (const item of items) {
          const row = document.createElement("div");
          row.style.cssText = "display:flex;justify-content:space-between;gap:24px;margin-top:4px;font-variant-numeric:tabular-nums";
          const name = document.createElement("span");
          name.textContent = item.seriesName;
          name.style.color = faint;
          const value = document.createElement("b");
          value.textContent = item.seriesIndex === 0 ? money(item.value) : count(item.value);
          row.append(name, value);
          box.append(row);
        }
        return box;
      },
    },
    xAxis: {
      type: "category",
      data: data.points.map((point) => point.label),
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { ...text, hideOverlap: true, margin: 12 },
    },
    yAxis: [
      { type: "value", splitNumber: 4, splitLine: { lineStyle: { color: line } }, axisLabel: { ...text, formatter: (value) => money(value, { notation: "compact", maximumFractionDigits: 1 }) } },
      { type: "value", splitNumber: 4, splitLine: { show: false }, axisLabel: { ...text, formatter: (value) => (Number.isInteger(value) ? count(value) : "") } },
    ],
    series: [
      {
        name: data.names[0],
        type: "bar",
        barMaxWidth: 38,
        cursor: "pointer",
        itemStyle: { color: accent, borderRadius: [4, 4, 0, 0] },
        emphasis: { itemStyle: { color: accent } },
        data: data.points.map((point) => ({ value: point.revenue, itemStyle: { opacity: point.complete ? 0.88 : 0.45 } })),
      },
      {
        name: data.names[1],
        type: "line",
        yAxisIndex: 1,
        smooth: 0.25,
        symbol: "circle",
        symbolSize: 7,
        lineStyle: { width: 2.5, color: second },
        itemStyle: { color: second, borderColor: surface, borderWidth: 1.5 },
        data: data.points.map((point) => point.members),
      },
    ],
  });
  chart.on("click", (event) => location.assign(data.points[event.dataIndex].href));
  return chart;
}

let drawn = [];
function draw() {
  for (const chart of drawn) chart.dispose();
  drawn = [...document.querySelectorAll('[data-chart="course"]')].map(course);
}
draw();
document.addEventListener("regulars:theme", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
addEventListener("beforeprint", () => drawn.forEach((chart) => chart.resize()));
