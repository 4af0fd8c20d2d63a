-- Where the devices of a version are is read off the index.
DROP INDEX device_by_product;
CREATE INDEX device_by_product ON device (product, version, site) WHERE NOT retired;
