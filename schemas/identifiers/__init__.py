"""The notations in which contracts write identifiers: package URLs and CPE names, pure and total.

Intake writes them and sbom-matcher reads them; both take the rules from here.
"""
