// Before the page is drawn, so that it doesn't flash in the other theme.
(() => {
  const wanted = localStorage.getItem("heimdall-theme");
  if (wanted === "light" || wanted === "dark") document.documentElement.dataset.theme = wanted;
})();
