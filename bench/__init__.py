"""What things cost, measured: one module a measurement, one runner, one table writer.

``python -m bench MEASUREMENT`` runs one of ``bench.__main__.MEASUREMENTS``, prints its
table and writes the figures down. Nothing here is packaged or imported by the product.
"""
