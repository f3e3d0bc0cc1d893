import sqlalchemy as sa

metadata = sa.MetaData()

companies = sa.Table(
    "companies",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(100), nullable=False),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.String(320), nullable=False),
    sa.Column("state", sa.String(20), server_default="new"),
    sa.Column("company_id", sa.Integer, sa.ForeignKey("companies.id")),
    sa.Index("ix_users_email", "email", unique=True),
)
