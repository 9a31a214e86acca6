// Just enough of them.
const sorted = (values) => [...values].sort((a, b) => a - b);

export const percentile = (values, p) => {
  const all = sorted(values);
  const at = ((all.length - 1) * p) / 100;
  const below = all[Math.floor(at)];
  return below + (all[Math.ceil(at)] - below) * (at % 1);
};

export const median = (values) => percentile(values, 50);

/** A 95 % confidence interval of the median, from order statistics: it takes no shape of the noise for granted. */
export const interval = (values) => {
  const all = sorted(values);
  const reach = 0.98 * Math.sqrt(all.length);
  const last = all.length - 1;
  return [all[Math.max(0, Math.floor(last / 2 - reach))], all[Math.min(last, Math.ceil(last / 2 + reach))]];
};

export const differences = (a, b) => a.map((value, i) => value - b[i]);

/** The median of all slopes between two points (Theil and Sen): one odd point does not tilt it. */
export const slope = (points) =>
  median(points.flatMap(([x, y], i) => points.slice(i + 1).map(([x2, y2]) => (y2 - y) / (x2 - x))));

export const summary = (values) => ({
  median: median(values),
  p5: percentile(values, 5),
  p95: percentile(values, 95),
  p99: percentile(values, 99),
  interval: interval(values),
});
