# -*- coding: latin-1 -*-
"""é"""
revision = (
  "a" # (
)
class A: passglobal revision