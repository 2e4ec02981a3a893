"""The database holds what spans two tables, whichever side changes, by whatever way.

* An allowlist entry's environment belongs to the entry's vendor.
* What an identity is a member of is a group.
* An exposure names at least one thing.

The side with many rows is checked once per statement, over the rows that it wrote, and locks what
they refer to, so that a transaction that changes the other side waits. The other side is checked
when the transaction commits, for changed rows only: a document may change both, one by one.
"""

from django.db import migrations

ENTRIES = """
CREATE FUNCTION access_check_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    PERFORM FROM access_environment
        WHERE id IN (SELECT environment_id FROM written) ORDER BY id FOR SHARE;
    SELECT w.key INTO wrong
        FROM written w JOIN access_environment e ON e.id = w.environment_id
        WHERE e.vendor_id IS DISTINCT FROM w.vendor_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the environment of allowlist entry "%" is not of its vendor', wrong
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'access_allowlistentry_environment_is_of_vendor';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER access_allowlistentry_inserted AFTER INSERT ON access_allowlistentry
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION access_check_entries();
CREATE TRIGGER access_allowlistentry_updated AFTER UPDATE ON access_allowlistentry
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION access_check_entries();

CREATE FUNCTION access_check_entries_of_environment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM access_allowlistentry a JOIN access_environment e ON e.id = a.environment_id
        WHERE e.id = NEW.id AND e.vendor_id IS DISTINCT FROM a.vendor_id
    ) THEN
        RAISE EXCEPTION 'allowlist entries of another vendor name environment "%"', NEW.key
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'access_allowlistentry_environment_is_of_vendor';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER access_environment_vendor_fits_entries
    AFTER UPDATE OF vendor_id ON access_environment
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.vendor_id IS DISTINCT FROM NEW.vendor_id)
    EXECUTE FUNCTION access_check_entries_of_environment();
"""

ENTRIES_BACK = """
DROP TRIGGER access_environment_vendor_fits_entries ON access_environment;
DROP TRIGGER access_allowlistentry_updated ON access_allowlistentry;
DROP TRIGGER access_allowlistentry_inserted ON access_allowlistentry;
DROP FUNCTION access_check_entries_of_environment();
DROP FUNCTION access_check_entries();
"""

GROUPS = """
CREATE FUNCTION access_check_groups() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    PERFORM FROM access_identity
        WHERE id IN (SELECT group_id FROM written) ORDER BY id FOR SHARE;
    SELECT i.key INTO wrong
        FROM written w JOIN access_identity i ON i.id = w.group_id
        WHERE i.kind <> 'group' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'identity "%" has members and is not a group', wrong
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'access_memberof_group_is_a_group';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER access_memberof_inserted AFTER INSERT ON access_memberof
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION access_check_groups();
CREATE TRIGGER access_memberof_updated AFTER UPDATE ON access_memberof
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION access_check_groups();

CREATE FUNCTION access_check_members_of_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM access_memberof m JOIN access_identity i ON i.id = m.group_id
        WHERE i.id = NEW.id AND i.kind <> 'group'
    ) THEN
        RAISE EXCEPTION 'identity "%" has members and is not a group', NEW.key
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'access_memberof_group_is_a_group';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER access_identity_kind_fits_members
    AFTER UPDATE OF kind ON access_identity
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.kind = 'group' AND NEW.kind <> 'group')
    EXECUTE FUNCTION access_check_members_of_identity();
"""

GROUPS_BACK = """
DROP TRIGGER access_identity_kind_fits_members ON access_identity;
DROP TRIGGER access_memberof_updated ON access_memberof;
DROP TRIGGER access_memberof_inserted ON access_memberof;
DROP FUNCTION access_check_members_of_identity();
DROP FUNCTION access_check_groups();
"""

TARGETS = """
CREATE FUNCTION access_check_targets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concerned bigint := CASE TG_TABLE_NAME
        WHEN 'access_exposure' THEN (to_jsonb(NEW)->>'id')::bigint
        ELSE (to_jsonb(OLD)->>'exposure_id')::bigint END;
BEGIN
    -- Two transactions that each take away one of the last two targets stand in line here.
    PERFORM FROM access_exposure WHERE id = concerned FOR UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT FROM access_exposuretarget WHERE exposure_id = concerned
    ) THEN
        RAISE EXCEPTION 'exposure % names nothing', concerned
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'access_exposure_names_a_target';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER access_exposure_names_a_target
    AFTER INSERT ON access_exposure
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION access_check_targets();
CREATE CONSTRAINT TRIGGER access_exposuretarget_is_not_the_last
    AFTER DELETE OR UPDATE OF exposure_id ON access_exposuretarget
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION access_check_targets();
"""

TARGETS_BACK = """
DROP TRIGGER access_exposuretarget_is_not_the_last ON access_exposuretarget;
DROP TRIGGER access_exposure_names_a_target ON access_exposure;
DROP FUNCTION access_check_targets();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0002_initial")]

    operations = [
        migrations.RunSQL(ENTRIES, ENTRIES_BACK),
        migrations.RunSQL(GROUPS, GROUPS_BACK),
        migrations.RunSQL(TARGETS, TARGETS_BACK),
    ]
