"""Python-Markdown extensions that both site generators load; `mkdocs.yml` names each of them."""
