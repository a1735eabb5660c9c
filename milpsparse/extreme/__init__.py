"""Extreme points: all vertices of the program over patterns of tiny data, and p* from them."""
