-- How many claims of a record name nothing that anything could be met by: they are shown to people.
-- Of records held already nothing is known until their next revision.

ALTER TABLE record ADD COLUMN unnamed integer;
