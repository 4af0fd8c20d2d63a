"""SQL of sbom-matcher: stock, advisories, groups of identifiers, findings and what waits to be matched."""
