/** A request by XMLHttpRequest as a page writes it, whatever that is by then. */
export const byXHR = (url, token) =>
  new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.onload = resolve;
    xhr.open('GET', url);
    if (token) xhr.setRequestHeader('Authorization', `Bearer ${token}`);
    xhr.send();
  });
