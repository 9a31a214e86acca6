// Starts the page, or says in words why it cannot: a library that is not there would otherwise leave it silent.
import('./app.js').catch((error) => {
  const result = document.querySelector('[data-testid="result"]');
  result.classList.add('bad');
  result.textContent = `The page could not start: ${error.message}. Has the library been built?`;
  document.querySelector('[data-testid="user"]').textContent = 'Not started';
  console.error(error);
});
