-- A run of a server's database is known by its number and by what its folder calls itself: runs of two folders may
-- bear the same number. A file of SQLite has the runs of one folder, and no need of it.

ALTER TABLE runs ADD COLUMN identity TEXT NOT NULL DEFAULT '';
