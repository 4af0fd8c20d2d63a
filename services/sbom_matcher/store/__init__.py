"""SQL of sbom-matcher: stock, advisories, groups of identifiers, findings, what waits."""
