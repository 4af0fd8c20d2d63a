-- People ask where a component is by its name, whatever its case.
CREATE INDEX component_by_name ON component (lower(name));
