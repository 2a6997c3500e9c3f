"""Articles into pages: the only part of the project that knows Markdown, charts or HTML.

The library never imports it; its dependencies are the extra `perpnotes[site]`.
"""
