// Starts the page, or says in words why it cannot: a library that is not there would otherwise leave it silent. A popup or a
// hidden frame that comes back from the server only hands its answer on.
const errand = (opener || parent !== window) && new URLSearchParams(location.search).has('state');
document.body.hidden = errand;
import(errand ? './session.js' : './app.js').catch((error) => {
  document.body.hidden = false;
  const result = document.querySelector('[data-testid="result"]');
  result.classList.add('bad');
  result.textContent = `The page could not start: ${error.message}. Has the library been built?`;
  document.querySelector('[data-testid="user"]').textContent = 'Not started';
  console.error(error);
});
