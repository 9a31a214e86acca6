// Runs before the page is painted, so that a chosen theme does not flash. It is a classic script for that reason.
const theme = localStorage.getItem('latchkey-demo-theme');
if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
