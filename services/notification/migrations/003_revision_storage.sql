-- Revisions of drafts are written for every signal: compressing them took longer than all else that
-- PostgreSQL does for it, and there are too few of them to save much.
ALTER TABLE draft_revision ALTER COLUMN canonical SET STORAGE EXTERNAL;
