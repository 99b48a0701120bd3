"""The plots of the page, in SVG."""
