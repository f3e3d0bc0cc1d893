"""The tables of the shop, as the application sees them."""
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Company(Base):
    __tablename__ = "companies"

    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(200), nullable=False)


class User(Base):
    __tablename__ = "users"
    __table_args__ = (sa.Index("ix_users_email", "email", unique=True),)

    id = sa.Column(sa.Integer, primary_key=True)
    company_id = sa.Column(sa.Integer, sa.ForeignKey("companies.id"), nullable=False)
    email = sa.Column(sa.String(255), nullable=False)
    full_name = sa.Column(sa.String(200))
    phone = sa.Column(sa.String(20))
    status = sa.Column(sa.String(20), nullable=False, server_default="active")
    created_at = sa.Column(sa.DateTime, server_default=sa.text("now()"))


class Product(Base):
    __tablename__ = "products"
    __table_args__ = (sa.UniqueConstraint("sku"), sa.Index("ix_products_sku", "sku"))

    id = sa.Column(sa.Integer, primary_key=True)
    company_id = sa.Column(sa.Integer, sa.ForeignKey("companies.id"), nullable=False)
    name = sa.Column(sa.String(255), nullable=False)
    sku = sa.Column(sa.String(50), nullable=False)
    price = sa.Column(sa.Numeric(10, 2), nullable=False)


class Order(Base):
    __tablename__ = "orders"

    id = sa.Column(sa.Integer, primary_key=True)
    user_id = sa.Column(sa.Integer, sa.ForeignKey("users.id"), nullable=False)
    placed_at = sa.Column(sa.DateTime, server_default=sa.text("now()"))


class OrderItem(Base):
    __tablename__ = "order_items"

    id = sa.Column(sa.Integer, primary_key=True)
    order_id = sa.Column(sa.Integer, sa.ForeignKey("orders.id", ondelete="CASCADE"), nullable=False)
    product_id = sa.Column(sa.Integer, sa.ForeignKey("products.id"), nullable=False)
    quantity = sa.Column(sa.Integer, nullable=False)
    price = sa.Column(sa.Numeric(10, 2), nullable=False)
