"""The database refuses to change, remove or reorder entries; the head moves by one, forwards.

The tables are named with their schema, so that a temporary table of the same name, which would be
found first, cannot stand in for them.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION audit_entry_follows_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    follows boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I.audit_audithead WHERE number = $1 - 1 AND hash = $2)',
        TG_TABLE_SCHEMA
    ) INTO follows USING NEW.number, NEW.previous;
    IF NOT follows THEN
        RAISE EXCEPTION 'The audit log is append-only: entry % does not follow its head.',
            NEW.number USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION audit_head_moves_by_one() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    exists_so boolean;
BEGIN
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I.audit_auditentry'
        ' WHERE number = $1 AND hash = $2 AND previous = $3)',
        TG_TABLE_SCHEMA
    ) INTO exists_so USING NEW.number, NEW.hash, OLD.hash;
    IF NEW.id <> OLD.id OR NEW.number <> OLD.number + 1 OR NOT exists_so THEN
        RAISE EXCEPTION 'The head of the audit log only moves to the entry after it.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

INSERT INTO audit_audithead (id, number, hash) VALUES (1, 0, repeat('0', 64));

CREATE TRIGGER audit_entry_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_entry_follows_head
    BEFORE INSERT ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_follows_head();
CREATE TRIGGER audit_head_stays
    BEFORE INSERT OR DELETE OR TRUNCATE ON audit_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_head_moves_by_one
    BEFORE UPDATE ON audit_audithead
    FOR EACH ROW EXECUTE FUNCTION audit_head_moves_by_one();
"""

BACKWARD = """
DROP TRIGGER audit_head_moves_by_one ON audit_audithead;
DROP TRIGGER audit_head_stays ON audit_audithead;
DROP TRIGGER audit_entry_follows_head ON audit_auditentry;
DROP TRIGGER audit_entry_append_only ON audit_auditentry;
DROP FUNCTION audit_head_moves_by_one();
DROP FUNCTION audit_entry_follows_head();
DROP FUNCTION audit_refuse_change();
DELETE FROM audit_audithead;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
