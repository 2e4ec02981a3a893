"""The database refuses a vendor that, through others, engages itself.

Checked when the transaction commits, so that a document may turn a chain around step by step. The
lock makes two transactions that would close a cycle together stand in line.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION vendors_refuse_engagement_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('vendors_vendor.engaged_by'));
    IF EXISTS (
        WITH RECURSIVE chain(id) AS (
            SELECT engaged_by_id FROM vendors_vendor WHERE id = NEW.id
            UNION
            SELECT v.engaged_by_id FROM vendors_vendor v JOIN chain ON v.id = chain.id
        )
        SELECT FROM chain WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'vendor "%" engages itself, through others', NEW.key
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = 'vendors_vendor_engaged_by_has_no_cycle';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER vendors_vendor_engaged_by_has_no_cycle
    AFTER INSERT OR UPDATE OF engaged_by_id ON vendors_vendor
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.engaged_by_id IS NOT NULL)
    EXECUTE FUNCTION vendors_refuse_engagement_cycle();
"""

BACKWARDS = """
DROP TRIGGER vendors_vendor_engaged_by_has_no_cycle ON vendors_vendor;
DROP FUNCTION vendors_refuse_engagement_cycle();
"""


class Migration(migrations.Migration):
    dependencies = [("vendors", "0001_initial")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
