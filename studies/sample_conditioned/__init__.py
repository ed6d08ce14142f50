"""Does surprise with an independent sample in the prompt find wrong answers, and is it better than word overlap?"""
