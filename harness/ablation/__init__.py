"""One setting of training changed at a time, with several seeds: what does it do, and is it more than chance?"""
